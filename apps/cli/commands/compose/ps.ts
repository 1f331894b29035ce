import type { SeenContainer } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import type { Compose, ComposeCommand } from './compose.ts';
import { FLAGS } from './flags/ps.ts';
import { selectContainers } from './select.ts';

const STATES = ['paused', 'restarting', 'removing', 'running', 'dead', 'created', 'exited'];

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, { flags, args }) {
    const { context } = compose;
    const states = [...flags.list('status'), ...readFilter(flags.string('filter'))];
    for (const state of states)
      if (!STATES.includes(state))
        throw new CliError(`invalid status ${JSON.stringify(state)}; accepted are ${STATES.join(', ')}`);
    const { project, containers } = await selectContainers(compose, args, { oneOff: 'also' });
    const isKnown = ({ service }: SeenContainer) =>
      project.files.length === 0 || project.services[service] || project.disabled[service];
    const all = flags.bool('all') || states.length > 0 || compose.classic;
    const shown = containers.filter(
      (seen) =>
        (all || ['running', 'paused', 'restarting'].includes(seen.state)) &&
        (!seen.oneOff || flags.bool('all') || (compose.classic && seen.state === 'running')) &&
        (states.length === 0 || states.includes(seen.state)) &&
        (flags.bool('orphans') || isKnown(seen)),
    );
    if (flags.bool('quiet')) context.out.write(shown.map(({ id }) => `${id}\n`).join(''));
    else if (flags.bool('services'))
      context.out.write([...new Set(shown.map(({ service }) => `${service}\n`))].join(''));
    else context.out.write(await table(compose, shown, flags.string('format'), flags.bool('no-trunc'), project.name));
    return 0;
  },
};

/** `status=running` */
function readFilter(text: string): string[] {
  if (text === '') return [];
  const at = text.indexOf('=');
  if (at === -1) throw new CliError('arguments to --filter should be in form KEY=VAL');
  if (text.slice(0, at) !== 'status') throw new CliError(`unknown filter ${text.slice(0, at)}; accepted is status`);
  return [text.slice(at + 1)];
}

async function table(
  compose: Compose,
  shown: readonly SeenContainer[],
  format: string,
  noTrunc: boolean,
  project: string,
): Promise<string> {
  if (compose.classic && format === '') return (await import('./classic-ps.ts')).classicPs(compose, shown);
  const { renderComposePs } = await import('../../render/compose-ps.ts');
  return renderComposePs(
    shown.map(({ summary, service, name }) => ({ ...summary, Service: service, Name: name, Project: project })),
    format,
    !noTrunc,
  );
}
