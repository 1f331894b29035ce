import { CliError } from '../../cli-error.ts';
import type { ComposeCommand } from './compose.ts';
import { FLAGS } from './flags/port.ts';
import { oneContainer } from './select.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] SERVICE PRIVATE_PORT',
  flags: FLAGS,
  args: { min: 2, max: 2 },
  async run(compose, { flags, args: [service = '', text = ''] }) {
    const [, digits = '', given] = /^(\d+)(?:\/(\w+))?$/.exec(text) ?? [];
    if (digits === '') throw new CliError(`strconv.ParseUint: parsing ${JSON.stringify(text)}: invalid syntax`);
    const protocol = given ?? flags.string('protocol');
    const seen = await oneContainer(compose, service, flags.number('index'));
    const found = (seen.summary.Ports ?? []).filter(
      ({ PrivatePort, Type, PublicPort }) => PrivatePort === Number(digits) && Type === protocol && PublicPort,
    );
    const [first] = found;
    if (!first)
      throw new CliError(
        `no port ${digits}/${protocol} for container ${seen.name}: ${published(seen.summary.Ports ?? [])}`,
      );
    const ip = first.IP ?? '0.0.0.0';
    compose.context.out.write(`${ip.includes(':') ? `[${ip}]` : ip}:${first.PublicPort}\n`);
    return 0;
  },
};

function published(ports: readonly { PrivatePort: number; PublicPort?: number; Type: string }[]): string {
  const all = [
    ...new Set(ports.filter(({ PublicPort }) => PublicPort).map(({ PrivatePort, Type }) => `${PrivatePort}/${Type}`)),
  ];
  return all.length ? `published are ${all.join(', ')}` : 'none is published';
}
