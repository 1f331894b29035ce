import { CliError } from '../../cli-error.ts';
import { command as cp } from '../container/cp.ts';
import type { ComposeCommand } from './compose.ts';
import { delegate } from './delegate.ts';
import { FLAGS } from './flags/cp.ts';
import { selectContainers } from './select.ts';

export const command: ComposeCommand = {
  usage: 'SERVICE:SRC_PATH DEST_PATH|-',
  flags: FLAGS,
  args: { min: 2, max: 2 },
  async run(compose, { flags, args: [from = '', to = ''], invoked }) {
    const [source, target] = [split(from), split(to)];
    if ((source === undefined) === (target === undefined))
      throw new CliError(
        source
          ? 'copying between services is not supported'
          : 'unknown copy direction: one of both has to be SERVICE:PATH',
      );
    const side = source ?? target;
    const { containers } = await selectContainers(
      compose,
      [side?.service ?? ''],
      flags.bool('all') ? { oneOff: 'also' } : {},
    );
    const index = flags.number('index');
    const matching = index > 0 ? containers.filter(({ number }) => number === index) : containers;
    if (matching.length === 0) throw new CliError(`no container found for service ${JSON.stringify(side?.service)}`);
    const words = [
      ...(flags.bool('archive') ? ['--archive'] : []),
      ...(flags.bool('follow-link') ? ['--follow-link'] : []),
    ];
    // Into a service means into all of its containers; out of it, out of the first one.
    const meant = source || index > 0 ? matching.slice(0, 1) : matching;
    for (const { name } of meant) {
      if (compose.dryRun) continue;
      const paths = source ? [`${name}:${source.path}`, to] : [from, `${name}:${target?.path}`];
      await delegate(compose.context, cp, [...words, ...paths], invoked);
    }
    return 0;
  },
};

/** `SERVICE:PATH`; undefined for paths of this machine. */
function split(text: string): { service: string; path: string } | undefined {
  const [, service, path] = /^([a-zA-Z0-9][a-zA-Z0-9._-]*):(.*)$/s.exec(text) ?? [];
  return service === undefined || path === undefined ? undefined : { service, path };
}
