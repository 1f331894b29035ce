import { type FSWatcher, watch as watchPath } from 'node:fs';
import { type Project, withDependencies } from '@berth/compose';
import { describeError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import { type Compose, type ComposeCommand, openProject } from './compose.ts';
import { type ConvergeWishes, converge, keptNotes } from './converge.ts';
import { FLAGS } from './flags/watch.ts';
import { runPlan } from './run-plan.ts';
import { applyChanges, type WatchedRule, type WatchWishes, watchedRules } from './watch-rules.ts';

export const command: ComposeCommand = {
  usage: '[SERVICE...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, { flags, args }) {
    const project = openProject(compose, args);
    const wishes: ConvergeWishes = {
      named: args,
      dependencies: true,
      recreate: 'changed',
      recreateDependencies: 'changed',
      scale: new Map(),
      removeOrphans: false,
      renewVolumes: false,
      replaceVolumes: false,
      timeout: undefined,
      start: true,
      images: { pull: '', build: true, noBuild: false, quietPull: false, quietBuild: flags.bool('quiet') },
    };
    const rules = rulesOf(project, args);
    if (!flags.bool('no-up')) await bringUp(compose, project, wishes);
    return watchRules(compose, project, rules, { ...wishes, prune: flags.bool('prune') });
  },
};

/** `up --watch`: the same with the flags of `up`. */
export async function upAndWatch(compose: Compose, project: Project, wishes: ConvergeWishes): Promise<number> {
  const rules = rulesOf(project, wishes.named);
  await bringUp(compose, project, wishes);
  return watchRules(compose, project, rules, { ...wishes, prune: false });
}

function rulesOf(project: Project, named: readonly string[]): WatchedRule[] {
  const rules = watchedRules(project, withDependencies(project, named, false));
  if (rules.length === 0)
    throw new CliError("none of the selected services is configured for watch, consider setting a 'develop' section");
  return rules;
}

async function bringUp(compose: Compose, project: Project, wishes: ConvergeWishes): Promise<void> {
  const wished = await converge(compose, project, wishes);
  await runPlan(compose, wished.operations, { notes: keptNotes(wished) });
}

/** Changes that come together are handled together. */
const GATHER_MS = 200;

/** Watches until it is interrupted. */
async function watchRules(
  compose: Compose,
  project: Project,
  rules: readonly WatchedRule[],
  wishes: WatchWishes,
): Promise<number> {
  const { err } = compose.context;
  const pending = new Map<WatchedRule, Set<string>>();
  let timer: ReturnType<typeof setTimeout> | undefined;
  let working = Promise.resolve();
  const handle = () => {
    timer = undefined;
    const changes = new Map(pending);
    pending.clear();
    working = working
      .then(() => applyChanges(compose, project, changes, wishes))
      .catch((error: unknown) => void err.write(`${describeError(error)}\n`));
  };
  const note = (rule: WatchedRule, path: string) => {
    if (!rule.matches(path)) return;
    pending.set(rule, (pending.get(rule) ?? new Set()).add(path));
    timer ??= setTimeout(handle, GATHER_MS);
  };
  for (const rule of rules) if (rule.initialSync) for (const path of rule.files()) note(rule, path);
  const watchers = rules.map(
    (rule): FSWatcher =>
      watchPath(rule.path, { recursive: rule.isFolder }, (_, name) => note(rule, rule.isFolder ? (name ?? '') : '')),
  );
  err.write('Watch enabled\n');
  await new Promise<void>((resolve) => {
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve());
  });
  for (const watcher of watchers) watcher.close();
  clearTimeout(timer);
  await working;
  return 0;
}
