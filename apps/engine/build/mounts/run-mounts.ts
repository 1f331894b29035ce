import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, chownSync, mkdirSync, writeFileSync } from 'node:fs';
import { join, posix } from 'node:path';
import type { ResolvedMount, Root } from '@berth/dockerfile';
import { BerthError, type Scope } from '@berth/kit';
import { removeTree } from '../../linux/remove-tree.ts';
import type { Build } from '../build-context.ts';
import type { FileFact } from '../cache/store.ts';
import { selectFiles } from '../steps/file-selection.ts';
import type { CopyRoot } from '../steps/trees.ts';
import { holdCache } from './cache-mounts.ts';
import type { PrivateDirectory } from './private-directory.ts';

/** A mount of a container, as its create request has it. */
export type MountWish = Record<string, unknown>;

/** What the mounts of one RUN come to. */
export interface RunMounts {
  wishes: MountWish[];
  /** Variables that are set for the step alone. */
  environment: string[];
  /** Variables whose values nobody may see. */
  secrets: string[];
  /** Where the runtime makes something to mount on; absolute. */
  targets: string[];
}

/** A tree that a mount shows files of. */
export interface MountRoot {
  files: CopyRoot;
  /** Of images and stages: what a mount of type image names. */
  image: string | undefined;
}

/** How mounts are found and where they are put together. */
export interface MountMeans {
  build: Build;
  rootOf(root: Root): Promise<MountRoot>;
  directory: PrivateDirectory;
  scope: Scope;
  signal: AbortSignal;
}

/** What mounts show, for the cache key: files of the context by their content, images by their id. */
export async function mountFacts(mounts: readonly ResolvedMount[], rootOf: MountMeans['rootOf']): Promise<FileFact[]> {
  const facts: FileFact[] = [];
  for (const mount of mounts) {
    if (mount.type !== 'bind' || mount.root === undefined) continue;
    const { files, image } = await rootOf(mount.root);
    if (image !== undefined)
      facts.push({ path: `${mount.target}`, kind: 'image', content: `${image} ${mount.source ?? '/'}` });
    else facts.push(...(await select(files, mount)).facts);
  }
  return facts;
}

/** Makes the mounts of a RUN ready; `scope` takes down what was made. Errors: invalid, unavailable. */
export async function prepareMounts(mounts: readonly ResolvedMount[], means: MountMeans): Promise<RunMounts> {
  const made: RunMounts = { wishes: [], environment: [], secrets: [], targets: [] };
  for (const [index, mount] of mounts.entries()) await prepare(made, mount, index, means);
  for (const { Target } of made.wishes) made.targets.push(String(Target));
  return made;
}

async function prepare(made: RunMounts, mount: ResolvedMount, index: number, means: MountMeans): Promise<void> {
  switch (mount.type) {
    case 'tmpfs':
      made.wishes.push({
        ...{ Type: 'tmpfs', Target: targetOf(mount) },
        ...(mount.size !== undefined && { TmpfsOptions: { SizeBytes: mount.size } }),
      });
      return;
    case 'secret':
      secret(made, mount, means);
      return;
    case 'ssh':
      await ssh(made, mount, index, means);
      return;
    case 'cache':
      made.wishes.push(bind(await holdCache(mount, targetOf(mount), means), targetOf(mount), mount.readonly));
      return;
    case 'bind':
      made.wishes.push(await bound(mount, means));
  }
}

function targetOf({ target, type }: ResolvedMount): string {
  if (target === undefined) throw new BerthError('invalid', `mount of type ${type} needs a target`);
  return target;
}

function bind(Source: string, Target: string, ReadOnly: boolean): MountWish {
  return { Type: 'bind', Source, Target, ReadOnly, BindOptions: { NonRecursive: true } };
}

async function select(files: CopyRoot, { source }: ResolvedMount) {
  return selectFiles(files.tree, literal(source ?? '/'), { isExcluded: () => false, parents: false });
}

/** A source of a mount is a name, never a pattern. */
function literal(path: string): string {
  return path.replace(/[\\*?[]/g, '\\$&');
}

/** Images are mounted as they are; what may be written to, and files of the context, are laid out for this step. */
async function bound(mount: ResolvedMount, { build, rootOf, scope }: MountMeans): Promise<MountWish> {
  const Target = targetOf(mount);
  if (mount.root === undefined) throw new BerthError('internal', 'a bind mount has no root');
  const { files, image } = await rootOf(mount.root);
  const found = () =>
    new BerthError('invalid', `failed to compute cache key: ${JSON.stringify(mount.source ?? '/')}: not found`);
  if (image !== undefined && mount.readonly) {
    const listing = await files.locate(posix.join('/', mount.source ?? '/')); // nothing is above the root
    if (listing === undefined) throw found();
    return {
      ...{ Type: 'image', Source: image, Target, ReadOnly: true },
      ...(listing !== '' && { ImageOptions: { Subpath: listing } }),
    };
  }
  const { items, matches, hasDirectory } = await select(files, mount);
  if (matches === 0) throw found();
  const directory = join(build.scratch(), randomBytes(8).toString('hex'));
  mkdirSync(directory, { mode: 0o755 });
  scope.add('remove files of a mount', () => removeTree(directory));
  const name = items[0]?.name ?? '';
  const placed = items.map((item) => ({
    ...item,
    from: files.from({ ...item, path: item.from, sha256: '' }),
    ...(!hasDirectory && { to: 'file' }),
  }));
  await build.builder.files.writeTree(directory, [{ origin: files.origin, items: placed }]);
  return bind(hasDirectory || name === '' ? directory : join(directory, 'file'), Target, mount.readonly);
}

const SECRET_MODE = 0o400;
const SOCKET_MODE = 0o600;

function secret(made: RunMounts, mount: ResolvedMount, { build, directory }: MountMeans): void {
  const id = mount.id ?? mount.target?.split('/').at(-1) ?? mount.env ?? '';
  const value = build.request.session?.secrets.get(id);
  if (value === undefined) {
    if (mount.required) throw new BerthError('invalid', `secret ${id}: not found`);
    return;
  }
  if (mount.env !== undefined) {
    made.secrets.push(`${mount.env}=${value.toString('utf8')}`);
    if (mount.target === undefined) return;
  }
  const path = directory.file();
  writeFileSync(path, value, { mode: 0o600, flag: 'wx' });
  chownSync(path, mount.uid ?? 0, mount.gid ?? 0);
  chmodSync(path, mount.mode ?? SECRET_MODE);
  made.wishes.push(bind(path, mount.target ?? `/run/secrets/${id}`, true));
}

async function ssh(
  made: RunMounts,
  mount: ResolvedMount,
  index: number,
  { build, directory, scope }: MountMeans,
): Promise<void> {
  const id = mount.id ?? 'default';
  const agent = build.request.session?.ssh.get(id);
  if (agent === undefined) {
    if (mount.required) throw new BerthError('invalid', `no SSH key ${JSON.stringify(id)} forwarded from the client`);
    return;
  }
  const path = directory.file();
  scope.add('close an SSH agent', await agent.listen(path));
  chownSync(path, mount.uid ?? 0, mount.gid ?? 0);
  chmodSync(path, mount.mode ?? SOCKET_MODE);
  const target = mount.target ?? `/run/buildkit/ssh_agent.${index}`;
  made.wishes.push(bind(path, target, true));
  if (!made.environment.some((variable) => variable.startsWith('SSH_AUTH_SOCK=')))
    made.environment.push(`SSH_AUTH_SOCK=${target}`);
}

/** A name for files that are named by others. */
export function hashedName(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 32);
}
