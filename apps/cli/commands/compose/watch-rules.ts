import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join, relative } from 'node:path';
import { copyToContainer, inspectImage, removeImage } from '@berth/client';
import {
  containerSubject,
  fileArchive,
  type Hook,
  imageName,
  type Operation,
  observeContainers,
  type Project,
  runInContainer,
  type SeenContainer,
  type WatchRule,
} from '@berth/compose';
import { isBerthError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import type { Compose } from './compose.ts';
import { type ConvergeWishes, converge } from './converge.ts';
import { runPlan } from './run-plan.ts';

/** A rule of a service's `develop.watch`, ready to be asked. */
export interface WatchedRule {
  service: string;
  rule: WatchRule;
  path: string;
  isFolder: boolean;
  initialSync: boolean;
  /** True for what is neither ignored nor outside of `include`; relative to the path. */
  matches(path: string): boolean;
  /** All files that match. */
  files(): string[];
}

export function watchedRules(project: Project, services: readonly string[]): WatchedRule[] {
  return services.flatMap((service) => {
    const { develop, build } = project.services[service] ?? {};
    return (develop?.watch ?? []).map((rule) => {
      if (rule.action === 'rebuild' && !build)
        throw new CliError(
          `service ${JSON.stringify(service)}: can't watch with action "rebuild" without a build section`,
        );
      if (rule.action.startsWith('sync') && !rule.target)
        throw new CliError(
          `service ${JSON.stringify(service)}: develop.watch: action ${JSON.stringify(rule.action)} needs a 'target'`,
        );
      return watchedRule(service, rule, build?.context);
    });
  });
}

function watchedRule(service: string, rule: WatchRule, context: string | undefined): WatchedRule {
  const { path } = rule;
  if (!existsSync(path))
    throw new CliError(`service ${JSON.stringify(service)}: develop.watch: ${path}: no such file or directory`);
  const isFolder = statSync(path).isDirectory();
  const ignored = [...(rule.ignore ?? []).map(globPattern), ...ignoredByContext(context, path)];
  const included = rule.include?.map(globPattern);
  const matches = (name: string) => {
    if (name === '.git' || name.startsWith('.git/') || /(^|\/)(4913|.*~|\.#.*|.*\.sw[px])$/.test(name)) return false;
    return (
      !ignored.some((pattern) => pattern.test(name)) && (!included || included.some((pattern) => pattern.test(name)))
    );
  };
  const files = () => (isFolder ? walk(path, path, matches) : ['']);
  return { service, rule, path, isFolder, initialSync: rule.initial_sync ?? false, matches, files };
}

/** What the image does not get need not be watched. */
function ignoredByContext(context: string | undefined, path: string): RegExp[] {
  const file = context === undefined ? '' : join(context, '.dockerignore');
  if (file === '' || !existsSync(file) || relative(context ?? '', path).startsWith('..')) return [];
  const before = relative(context ?? '', path);
  const lines = readFileSync(file, 'utf8')
    .split('\n')
    .map((line) => line.trim());
  return lines
    .filter((line) => line !== '' && !line.startsWith('#') && !line.startsWith('!'))
    .map((line) => (before === '' ? line : relative(before, line.replace(/^\//, ''))))
    .filter((line) => line !== '' && !line.startsWith('..'))
    .map(globPattern);
}

/** `*`, `**` and `?` of ignore files; what is below a folder that matches matches too. */
function globPattern(glob: string): RegExp {
  const clean = glob.replace(/^\.?\//, '').replace(/\/$/, '');
  const body = clean
    .replace(/[.+^${}()|[\]\\]/g, '\\$&')
    .replace(/\*\*\/?|\*|\?/g, (mark) =>
      mark === '**/' ? '(?:.*/)?' : mark === '**' ? '.*' : mark === '*' ? '[^/]*' : '[^/]',
    );
  return new RegExp(`^${body}(?:/.*)?$`);
}

function walk(folder: string, root: string, matches: (path: string) => boolean): string[] {
  return readdirSync(folder, { withFileTypes: true }).flatMap((item) => {
    const path = join(folder, item.name);
    const name = relative(root, path);
    if (!matches(name)) return [];
    return item.isDirectory() ? walk(path, root, matches) : item.isFile() ? [name] : [];
  });
}

export interface WatchWishes extends ConvergeWishes {
  /** Removes images that lose their name to one that was built. */
  prune: boolean;
  /** Told before a container is stopped for one that takes its place, or to be started again. */
  onReplace?: (id: string) => void;
}

/** Does what the rules say about what has changed. */
export async function applyChanges(
  compose: Compose,
  project: Project,
  changes: ReadonlyMap<WatchedRule, ReadonlySet<string>>,
  wishes: WatchWishes,
): Promise<void> {
  const rebuild = new Set(
    [...changes.keys()].filter(({ rule }) => rule.action === 'rebuild').map(({ service }) => service),
  );
  if (rebuild.size) await rebuildServices(compose, project, [...rebuild], wishes);
  const seen = await observeContainers(compose.context.client, project.name);
  for (const [watched, paths] of changes) {
    const { service, rule } = watched;
    if (rebuild.has(service)) continue;
    const containers = seen.filter((one) => one.service === service && !one.oneOff && one.state === 'running');
    if (rule.action.startsWith('sync')) await sync(compose, watched, paths, containers);
    if (rule.action.endsWith('restart')) {
      for (const { id } of containers) wishes.onReplace?.(id);
      await restart(compose, containers);
    }
    if (rule.action === 'sync+exec' && rule.exec)
      for (const { id } of containers) await runCommand(compose, id, rule.exec);
  }
}

async function rebuildServices(
  compose: Compose,
  project: Project,
  services: string[],
  wishes: WatchWishes,
): Promise<void> {
  compose.context.err.write(
    `Rebuilding service(s) ${services.map((name) => JSON.stringify(name)).join(', ')} after changes were detected...\n`,
  );
  const images = {
    pull: '',
    build: true,
    noBuild: false,
    quietPull: true,
    quietBuild: wishes.images?.quietBuild ?? false,
  };
  const before = wishes.prune ? await imagesOf(compose, project, services) : [];
  const wished = await converge(compose, project, {
    ...wishes,
    named: services,
    dependencies: false,
    recreate: 'changed',
    images,
  });
  for (const { action, seen } of wished.decisions.containers)
    if (seen && ['replace', 'restart', 'remove'].includes(action)) wishes.onReplace?.(seen.id);
  await runPlan(compose, wished.operations);
  compose.context.err.write(
    `service(s) ${services.map((name) => JSON.stringify(name)).join(', ')} successfully built\n`,
  );
  for (const id of before) await removeDangling(compose, id);
}

/** Ids of the images that services have now. */
async function imagesOf(compose: Compose, project: Project, services: string[]): Promise<string[]> {
  const names = services.map((name) => imageName(project, name, project.services[name] ?? {}, compose.style));
  const found = await Promise.all(names.map((name) => imageOf(compose, name)));
  return [...new Set(found.flatMap((image) => image?.Id ?? []))];
}

interface Image {
  Id: string;
  RepoTags: string[] | null;
}

async function imageOf({ context }: Compose, name: string): Promise<Image | undefined> {
  try {
    return JSON.parse(await inspectImage(context.client, name)) as Image;
  } catch (error) {
    if (isBerthError(error, 'not-found')) return undefined;
    throw error;
  }
}

/** Removes an image that has no name any more; what a container still uses stays. */
async function removeDangling(compose: Compose, id: string): Promise<void> {
  const image = await imageOf(compose, id);
  if (image === undefined || image.RepoTags?.length) return;
  try {
    await removeImage(compose.context.client, id, { force: false, noPrune: false, platforms: [] });
  } catch (error) {
    if (!isBerthError(error, 'not-found') && !isBerthError(error, 'conflict')) throw error;
  }
}

/** Copies what is there, and removes what is not there any more. */
async function sync(
  compose: Compose,
  { service, rule, path, isFolder }: WatchedRule,
  paths: ReadonlySet<string>,
  containers: readonly SeenContainer[],
): Promise<void> {
  const { client, err } = compose.context;
  const target = (name: string) => (isFolder ? join(rule.target ?? '/', name) : (rule.target ?? ''));
  const local = (name: string) => (isFolder ? join(path, name) : path);
  const present = [...paths].filter((name) => existsSync(local(name)) && statSync(local(name)).isFile());
  const gone = [...paths].filter((name) => !existsSync(local(name)));
  if (present.length + gone.length === 0) return;
  err.write(`Syncing service ${JSON.stringify(service)} after ${present.length + gone.length} changes were detected\n`);
  const files = present.map((name) => ({
    target: target(name),
    file: local(name),
    uid: 0,
    gid: 0,
    mode: statSync(local(name)).mode & 0o7777,
  }));
  for (const { id } of containers) {
    if (files.length) await copyToContainer(client, id, '/', fileArchive(files), { copyUidGid: false });
    if (gone.length) await runCommand(compose, id, { command: ['rm', '-rf', '--', ...gone.map(target)] });
  }
}

async function restart(compose: Compose, containers: readonly SeenContainer[]): Promise<void> {
  const operations = containers.map(
    ({ id, name }): Operation => ({
      id,
      kind: 'restart-container',
      needs: [],
      subject: containerSubject(name),
      words: ['Restarting', 'Started'],
      reasons: [],
      container: id,
      timeout: undefined,
    }),
  );
  await runPlan(compose, operations);
}

async function runCommand({ context: { client } }: Compose, container: string, hook: Hook): Promise<void> {
  const code = await runInContainer(client, container, hook, () => undefined);
  if (code !== 0) throw new CliError(`${(hook.command ?? []).join(' ')} ended with ${code}`);
}
