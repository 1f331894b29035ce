import { publishedPorts } from '@berth/client';
import type { PortReport } from '@berth/contract';
import { type Command, NO_ARGS } from '../../command.ts';
import { LIST_FORMAT_HELP } from '../../flags/format-help.ts';
import { type ListSpec, renderList } from '../../render/list.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [{ long: 'format', type: 'string', help: LIST_FORMAT_HELP }],
  args: NO_ARGS,
  async run(context, { flags }) {
    const ports = await publishedPorts(context.client);
    const format = flags.string('format');
    const columns = ['Published', 'Container', 'Leads', 'Reachable', 'Why'];
    context.out.write(
      await renderList(
        ports,
        SPEC,
        format === '' || format === 'table' ? { kind: 'table', columns } : { kind: 'custom', format },
      ),
    );
    return 0;
  },
};

const place = (address: string, port: number) =>
  address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;

const SPEC: ListSpec<PortReport> = {
  typeName: '*network.portContext',
  headers: {
    Published: 'PUBLISHED',
    Container: 'CONTAINER',
    Leads: 'LEADS TO',
    Network: 'NETWORK',
    By: 'BY',
    Reachable: 'REACHABLE BY',
    Why: 'WHY',
  },
  fields: {
    Published: ({ HostIp, HostPort, Protocol }) => `${place(HostIp, HostPort)}/${Protocol}`,
    Container: ({ Container }) => Container,
    Leads: ({ Address, ContainerPort }) => place(Address, ContainerPort),
    Network: ({ Network }) => Network,
    By: ({ By }) => By,
    Reachable: ({ Reachable }) => Reachable,
    Why: ({ Why }) => Why.join('; '),
  },
};
