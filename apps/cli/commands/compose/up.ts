import { waitUp } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import type { Parsed } from '../../command.ts';
import { type Compose, type ComposeCommand, openProject } from './compose.ts';
import { type Converge, converge, keptNotes, readWishes } from './converge.ts';
import { FLAGS } from './flags/up.ts';
import { runPlan } from './run-plan.ts';
import { openView } from './view/progress.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, parsed) {
    checkFlags(parsed);
    // Elsewhere nobody could press a key, and Docker shows none either.
    if (parsed.flags.bool('menu') && compose.context.out.isTerminal)
      throw new CliError(
        '--menu is not supported by Berth: there are no shortcuts; `up --watch` watches, `up --detach` leaves',
      );
    const { flags, args } = parsed;
    const project = openProject(compose, args);
    if (flags.bool('watch')) {
      const { upAndWatch } = await import('./watch.ts');
      return upAndWatch(
        compose,
        project,
        readWishes(compose, parsed, () => true),
      );
    }
    const wished = await converge(
      compose,
      project,
      readWishes(compose, parsed, () => true),
    );
    const detached = flags.bool('detach') || flags.bool('wait') || flags.bool('no-start') || compose.dryRun;
    if (!detached) {
      const { upAttached } = await import('./up-attached.ts');
      return upAttached(compose, wished, parsed);
    }
    await runPlan(compose, wished.operations, { notes: keptNotes(wished) });
    if (flags.bool('wait') && !compose.dryRun) await waitForAll(compose, wished, waitSeconds(parsed));
    return 0;
  },
};

function checkFlags({ flags }: Parsed): void {
  const both = (one: string, other: string) => {
    const on = (name: string) =>
      name === 'exit-code-from'
        ? flags.string(name) !== ''
        : name === 'attach'
          ? flags.list(name).length > 0
          : flags.bool(name);
    if (on(one) && on(other)) throw new CliError(`--${one} and --${other} are incompatible`);
  };
  both('detach', 'attach-dependencies');
  both('detach', 'attach');
  both('detach', 'abort-on-container-exit');
  both('detach', 'abort-on-container-failure');
  both('detach', 'exit-code-from');
  both('abort-on-container-exit', 'abort-on-container-failure');
  both('wait', 'abort-on-container-exit');
  both('attach', 'attach-dependencies');
  both('watch', 'detach');
  if (flags.bool('menu') && flags.bool('detach')) throw new CliError('--menu and --detach are incompatible');
}

/** Undefined: for as long as it takes. */
export function waitSeconds({ flags }: Parsed): number | undefined {
  return flags.changed('wait-timeout') ? flags.number('wait-timeout') : undefined;
}

/** Waits until all run and are healthy; a service that others wait for to end, or that ended well, may have ended. */
export async function waitForAll(
  compose: Compose,
  { decisions, project }: Pick<Converge, 'decisions' | 'project'>,
  seconds: number | undefined,
): Promise<void> {
  const { client } = compose.context;
  const view = await openView(compose);
  const signal = seconds === undefined ? new AbortController().signal : AbortSignal.timeout(seconds * 1000);
  const waiting = decisions.containers.filter(({ action }) => action !== 'remove');
  try {
    await Promise.all(
      waiting.map(async ({ name, service }) => {
        const restart = project.services[service]?.restart ?? 'no';
        view.note(`Container ${name}`, 'Waiting');
        view.note(
          `Container ${name}`,
          await waitUp(client, name, restart === 'no' || restart.startsWith('on-failure'), signal),
        );
      }),
    );
  } catch (error) {
    if (!signal.aborted) throw error;
    throw new CliError(`application not healthy after ${seconds}s`);
  } finally {
    view.end();
  }
}
