import { randomBytes } from 'node:crypto';
import { chmodSync, chownSync, existsSync, mkdirSync, readdirSync, renameSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import type { ResolvedMount } from '@berth/dockerfile';
import { BerthError } from '@berth/kit';
import { removeTree } from '../../linux/remove-tree.ts';
import type { Build, Builder } from '../build-context.ts';
import { selectFiles } from '../steps/file-selection.ts';
import { hashedName, type MountMeans } from './run-mounts.ts';

/** What of a build its caches need. */
interface CacheMeans extends Pick<MountMeans, 'rootOf' | 'scope' | 'signal'> {
  build: {
    builder: { config: Pick<Builder['config'], 'dataRoot'>; files: Pick<Builder['files'], 'writeTree'> };
    plan: Pick<Build['plan'], 'globals'>;
    request: Pick<Build['request'], 'buildArgs'>;
  };
}

const NAMESPACE = 'BUILDKIT_CACHE_MOUNT_NS';

/** Which cache directories steps write to now; each one lets go of it at its end. */
const inUse = new Map<string, number>();
const waiting = new Map<string, (() => void)[]>();

const CACHE_MODE = 0o755;

/**
 * The directory of a cache mount, held until the step's scope ends. `shared`: with others; `private`: another copy where
 * one is written to already; `locked`: when nobody else has it. Its name is a digest of the id, so that no id leads anywhere.
 */
export async function holdCache(mount: ResolvedMount, target: string, means: CacheMeans): Promise<string> {
  const { build, scope, signal } = means;
  const root = join(build.builder.config.dataRoot, 'build', 'cache');
  mkdirSync(root, { recursive: true, mode: 0o700 });
  const namespace = build.plan.globals.get(NAMESPACE) ?? build.request.buildArgs[NAMESPACE] ?? '';
  const base = join(root, hashedName(`${namespace}/${mount.id ?? target}`));
  const sharing = mount.sharing ?? 'shared';
  const path = sharing === 'private' ? freeCopy(base) : base;
  if (sharing === 'locked') await takeTurn(base, signal);
  else take(path);
  scope.add('let go of a cache', () => letGo(path, base));
  if (!existsSync(path)) await fill(path, mount, means);
  const now = new Date();
  utimesSync(path, now, now);
  return path;
}

function freeCopy(base: string): string {
  for (let serial = 0; ; serial++) {
    const path = serial === 0 ? base : `${base}.${serial}`;
    if (!inUse.has(path)) return path;
  }
}

function take(path: string): void {
  inUse.set(path, (inUse.get(path) ?? 0) + 1);
}

/** Looks and takes in one go: of several that were woken one is first. */
async function takeTurn(base: string, signal: AbortSignal): Promise<void> {
  while (inUse.has(base)) {
    signal.throwIfAborted();
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const queue = waiting.get(base) ?? [];
    waiting.set(base, [...queue, resolve]);
    const leave = () => reject(new BerthError('canceled', 'the build was canceled'));
    signal.addEventListener('abort', leave, { once: true });
    await promise.finally(() => signal.removeEventListener('abort', leave));
  }
  take(base);
}

function letGo(path: string, base: string): void {
  const left = (inUse.get(path) ?? 1) - 1;
  if (left > 0) inUse.set(path, left);
  else inUse.delete(path);
  const queue = waiting.get(base) ?? [];
  waiting.delete(base);
  for (const wake of queue) wake();
}

/** Made aside and renamed, so that a cache is there whole or not at all. */
async function fill(path: string, mount: ResolvedMount, { build, rootOf }: CacheMeans): Promise<void> {
  const draft = `${path}.${randomBytes(4).toString('hex')}.draft`;
  take(draft);
  try {
    await fillDraft(draft, mount, { build, rootOf });
    if (existsSync(path)) await removeTree(draft);
    else renameSync(draft, path);
  } finally {
    letGo(draft, draft);
  }
}

async function fillDraft(
  draft: string,
  mount: ResolvedMount,
  { build, rootOf }: Pick<CacheMeans, 'build' | 'rootOf'>,
): Promise<void> {
  mkdirSync(draft, { mode: 0o700 });
  if (mount.root !== undefined) {
    const { files } = await rootOf(mount.root);
    const { items, matches } = await selectFiles(files.tree, mount.source ?? '/', {
      isExcluded: () => false,
      parents: false,
    });
    if (matches === 0 && mount.source !== undefined)
      throw new BerthError('invalid', `failed to compute cache key: ${JSON.stringify(mount.source)}: not found`);
    const placed = items.map((item) => ({ ...item, from: files.from({ ...item, path: item.from, sha256: '' }) }));
    await build.builder.files.writeTree(draft, [{ origin: files.origin, items: placed }]);
  }
  chownSync(draft, mount.uid ?? 0, mount.gid ?? 0);
  chmodSync(draft, mount.mode ?? CACHE_MODE);
}

/** Removes a cache unless a step has it at this moment. Resolves to whether it did. */
export async function removeCache(path: string): Promise<boolean> {
  if (inUse.has(path)) return false;
  // Out of the way before anything else runs: a step that asks for it from now on begins a new one.
  const trash = `${path}.${randomBytes(4).toString('hex')}.trash`;
  renameSync(path, trash);
  take(trash);
  try {
    await removeTree(trash);
  } finally {
    letGo(trash, trash);
  }
  return true;
}

/** What an engine that ended left unfinished; in use while one is at work on it. */
const UNFINISHED = /\.(?:draft|trash)$/;

/** A cache of RUN steps on disk. */
export interface CacheDirectory {
  path: string;
  /** Name on disk. */
  id: string;
  inUse: boolean;
  /** Milliseconds since the epoch. */
  used: number;
}

export function cacheDirectories(dataRoot: string): CacheDirectory[] {
  const root = join(dataRoot, 'build', 'cache');
  if (!existsSync(root)) return [];
  return readdirSync(root).map((id) => {
    const path = join(root, id);
    return { path, id, inUse: inUse.has(path), used: UNFINISHED.test(id) ? 0 : statSync(path).mtimeMs };
  });
}
