import { type Project, waitUp, withDependencies } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import type { Parsed } from '../../command.ts';
import { type Compose, type ComposeCommand, openProject, warn } from './compose.ts';
import { type Converge, converge, isOn, keptNotes, readWishes } from './converge.ts';
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
    if (!compose.classic) checkSelected(compose, project);
    checkServices(project, parsed);
    if (flags.changed('wait-timeout') && !flags.bool('wait'))
      warn(compose, '--wait-timeout has no effect without --wait');
    const wishes = readWishes(compose, parsed, () => true);
    if (wishes.removeOrphans && isOn(compose.context.env.COMPOSE_IGNORE_ORPHANS))
      throw new CliError('COMPOSE_IGNORE_ORPHANS and --remove-orphans are incompatible');
    if (flags.bool('watch')) {
      const { upAndWatch } = await import('./watch.ts');
      return upAndWatch(compose, project, wishes, parsed);
    }
    const wished = await converge(compose, project, wishes);
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

/** Flags of an `up` that stays until containers have ended. */
const STAYING = [
  'abort-on-container-exit',
  'abort-on-container-failure',
  'exit-code-from',
  'attach',
  'attach-dependencies',
  'watch',
];

/** Each flag with those that it cannot go with. */
const INCOMPATIBLE: readonly (readonly [string, readonly string[]])[] = [
  ['detach', STAYING],
  ['menu', ['detach']],
  ['wait', STAYING],
  ['no-start', [...STAYING, 'wait']],
  ['watch', ['no-build']],
  ['abort-on-container-exit', ['abort-on-container-failure']],
  ['attach', ['attach-dependencies']],
  ['no-recreate', ['renew-anon-volumes']],
];

function checkFlags({ flags }: Parsed): void {
  const isGiven = (name: string) => {
    const type = FLAGS.find(({ long }) => long === name)?.type;
    return type === 'bool' ? flags.bool(name) : flags.changed(name);
  };
  if (flags.number('wait-timeout') < 0) throw new CliError('--wait-timeout must be a non-negative integer');
  for (const [one, others] of INCOMPATIBLE)
    for (const other of others)
      if (isGiven(one) && isGiven(other)) throw new CliError(`--${one} and --${other} are incompatible`);
}

function checkSelected({ flags }: Compose, project: Project): void {
  if (Object.keys(project.services).length === 0 && !flags.bool('all-resources'))
    throw new CliError('no service selected');
}

/** Services that flags name are among those that are brought up. */
function checkServices(project: Project, { flags, args }: Parsed): void {
  const from = flags.string('exit-code-from');
  const attach = flags.list('attach');
  for (const name of [from, ...attach, ...flags.list('no-attach')])
    if (name !== '' && !project.services[name]) throw new CliError(`no such service: ${name}`);
  const ours = new Set(withDependencies(project, args, !flags.bool('no-deps')));
  if (from !== '' && !ours.has(from)) throw new CliError(`no such service: ${from}`);
  const others = attach.filter((name) => !ours.has(name));
  if (others.length) throw new CliError(`cannot attach to services not included in up: ${others.join(', ')}`);
}

/** Undefined: for as long as it takes. */
export function waitSeconds({ flags }: Parsed): number | undefined {
  return flags.number('wait-timeout') > 0 ? flags.number('wait-timeout') : undefined;
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
