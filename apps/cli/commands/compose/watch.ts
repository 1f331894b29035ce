import { type FSWatcher, watch as watchPath } from 'node:fs';
import { type Project, withDependencies } from '@berth/compose';
import { describeError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import type { Parsed } from '../../command.ts';
import { type Compose, type ComposeCommand, openProject } from './compose.ts';
import { type Converge, type ConvergeWishes, converge, keptNotes } from './converge.ts';
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
    if (!flags.bool('no-up')) await bringUp(compose, await converge(compose, project, wishes));
    if (compose.dryRun) return 0;
    await watchRules(compose, project, rules, { ...wishes, prune: flags.bool('prune') }, interrupted());
    return 0;
  },
};

/** `up --watch`: an `up` that shows output and stops all at its end, and watches meanwhile. Resolves to the exit code. */
export async function upAndWatch(
  compose: Compose,
  project: Project,
  wishes: ConvergeWishes,
  parsed: Parsed,
): Promise<number> {
  const rules = rulesOf(project, wishes.named);
  const wished = await converge(compose, project, wishes);
  if (compose.dryRun) {
    await bringUp(compose, wished);
    return 0;
  }
  const { upAttached } = await import('./up-attached.ts');
  return upAttached(compose, wished, parsed, (signal, onReplace) =>
    watchRules(compose, project, rules, { ...wishes, prune: false, onReplace }, signal),
  );
}

function interrupted(): AbortSignal {
  const left = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => left.abort());
  return left.signal;
}

function rulesOf(project: Project, named: readonly string[]): WatchedRule[] {
  const rules = watchedRules(project, withDependencies(project, named, false));
  if (rules.length === 0)
    throw new CliError("none of the selected services is configured for watch, consider setting a 'develop' section");
  return rules;
}

async function bringUp(compose: Compose, wished: Converge): Promise<void> {
  await runPlan(compose, wished.operations, { notes: keptNotes(wished) });
}

/** Changes that come together are handled together. */
const GATHER_MS = 200;

/** Watches until it is told to end. */
async function watchRules(
  compose: Compose,
  project: Project,
  rules: readonly WatchedRule[],
  wishes: WatchWishes,
  signal: AbortSignal,
): Promise<void> {
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
    if (signal.aborted) resolve();
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  for (const watcher of watchers) watcher.close();
  clearTimeout(timer);
  await working;
}
