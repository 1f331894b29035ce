import { inspectContainer } from '@berth/client';
import type { PortBinding } from '@berth/contract';
import { CliError } from '../../cli-error.ts';
import type { Command } from '../../command.ts';

export const command: Command = {
  usage: 'CONTAINER [PRIVATE_PORT[/PROTO]]',
  flags: [],
  args: { min: 1, max: 2 },
  async run(context, { args }) {
    const [name = '', wanted] = args;
    const { NetworkSettings: network } = await inspectContainer(context.client, name);
    const ports = network.Ports ?? {};
    const lines = wanted === undefined ? allLines(ports) : linesOf(ports, wanted, name);
    context.out.write(lines.map((line) => `${line}\n`).join(''));
    return 0;
  },
};

type Ports = Record<string, PortBinding[] | null>;

function linesOf(ports: Ports, wanted: string, name: string): string[] {
  const [port = '', proto = 'tcp'] = wanted.split('/');
  if (!/^\d{1,5}$/.test(port) || Number(port) > 65_535)
    throw new CliError(
      `Error: invalid port (${port}): strconv.ParseUint: parsing ${JSON.stringify(port)}: invalid syntax`,
    );
  const bindings = ports[`${Number(port)}/${proto}`];
  if (!bindings?.length) throw new CliError(`Error: No public port '${wanted}' published for ${name}`);
  return bindings.map(address);
}

/** By port number, then protocol. */
function allLines(ports: Ports): string[] {
  const number = (port: string) => Number(port.split('/')[0]);
  return Object.entries(ports)
    .sort(([a], [b]) => number(a) - number(b) || (a < b ? -1 : 1))
    .flatMap(([port, bindings]) => (bindings ?? []).map((binding) => `${port} -> ${address(binding)}`));
}

function address({ HostIp, HostPort }: PortBinding): string {
  return HostIp.includes(':') ? `[${HostIp}]:${HostPort}` : `${HostIp}:${HostPort}`;
}
