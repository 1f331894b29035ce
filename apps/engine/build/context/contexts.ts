import { randomBytes } from 'node:crypto';
import { mkdirSync, rmSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { ContextAnswer } from '@berth/contract';
import { BerthError } from '@berth/kit';
import type { AgentLink } from '../session/agent-link.ts';
import { ContextContents } from './contents.ts';
import { fetchGit, type GitAddress, parseGitAddress } from './fetch-git.ts';
import { contextFromUrl } from './fetch-url.ts';
import { contextFromListing, type ListedContext } from './from-listing.ts';
import { contextFromTar } from './from-tar.ts';
import { contextFromTree } from './from-tree.ts';
import type { BuildContext } from './model.ts';

/** A context that nobody builds from is dropped after this time. */
const UNUSED_MS = 10 * 60 * 1000;
/** Contexts that wait for their build. */
const WAITING_MAX = 64;
/** What is kept between builds. */
const KEEP_BYTES = 4 * 1024 ** 3;
const KEEP_MS = 14 * 24 * 60 * 60 * 1000;
/** What is too much is looked for so long after a build: answers do not wait for it, and several builds in a row have one. */
const TRIM_DELAY_MS = 60_000;

export interface GitOptions {
  keepGitDir: boolean;
  signal: AbortSignal;
  /** The client's keys, for addresses of ssh. */
  agent?: Pick<AgentLink, 'listen'> | undefined;
}

/** Build contexts on their way in. */
export interface BuildContexts {
  /** The body of `POST /build`. Errors: invalid, unavailable. */
  fromTar(archive: AsyncIterable<Uint8Array>): Promise<BuildContext>;
  /**
   * A commit of a Git repository, `URL#REF:SUBDIRECTORY`; its `.git` is left out unless `keepGitDir`. Errors: invalid,
   * unavailable, canceled.
   */
  fromGit(address: string, options: GitOptions): Promise<BuildContext>;
  /** One file from a web server, as ADD has it: mode 0600. Errors: invalid, unavailable. */
  fromUrl(address: string, signal: AbortSignal): Promise<BuildContext>;
  /** Announces a context: what of it is missing here is to be sent. Errors: invalid, unavailable (too many wait). */
  announce(listing: AsyncIterable<Uint8Array>): Promise<ContextAnswer>;
  /** Takes what was missing. Errors: not-found, invalid, conflict (it is being sent already). */
  receive(id: string, archive: AsyncIterable<Uint8Array>): Promise<void>;
  /** Gives a context away; it is the caller's to release. Errors: not-found, conflict (not all was sent). */
  take(id: string): BuildContext;
  usage(): Promise<{ files: number; bytes: number; inUse: number }>;
  /**
   * Removes contents that no build uses now, of those unused since `before` (milliseconds; all when absent) as many as are
   * above `keep` bytes. Resolves to bytes.
   */
  prune(options?: { before?: number; keep?: number }): Promise<number>;
  /** Drops those that wait. */
  close(): void;
}

/** Opens `DATA/build/context`; `DATA/build/checkouts` is emptied. */
export function openBuildContexts(dataRoot: string): BuildContexts {
  const contents = new ContextContents(join(dataRoot, 'build', 'context'));
  const checkouts = join(dataRoot, 'build', 'checkouts');
  rmSync(checkouts, { recursive: true, force: true });
  const waiting = new Map<string, { context: ListedContext; timer: NodeJS.Timeout; receiving: boolean }>();
  const find = (id: string) => {
    const found = waiting.get(id);
    if (!found) throw new BerthError('not-found', `no such build context: ${id}`);
    return found;
  };
  const drop = (id: string) => {
    const found = waiting.get(id);
    waiting.delete(id);
    clearTimeout(found?.timer);
    return found?.context;
  };
  const expire = (id: string) => setTimeout(() => void drop(id)?.release(), UNUSED_MS).unref();
  let trimming: NodeJS.Timeout | undefined;
  const trim = () => {
    trimming = undefined;
    const oldest = Date.now() - KEEP_MS;
    void contents.prune(({ used, total }) => total > KEEP_BYTES || used < oldest).catch(() => undefined);
  };
  const trimSoon = () => {
    trimming ??= setTimeout(trim, TRIM_DELAY_MS).unref();
  };
  return {
    async fromTar(archive) {
      const context = await contextFromTar(archive, contents);
      trimSoon();
      return context;
    },
    async fromGit(address, { keepGitDir, signal, agent }) {
      const parsed = parseGitAddress(address);
      const folder = join(checkouts, randomBytes(8).toString('hex'));
      try {
        await fetchRepository(parsed, folder, { signal, agent });
        const without = keepGitDir ? [] : ['.git'];
        return await contextFromTree(folder, contents, { subdirectory: parsed.subdirectory, without });
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
    fromUrl: (address, signal) => contextFromUrl(address, contents, signal),
    async announce(listing) {
      if (waiting.size >= WAITING_MAX) throw new BerthError('unavailable', 'too many build contexts wait for a build');
      const context = await contextFromListing(listing, contents);
      const id = randomBytes(16).toString('hex');
      waiting.set(id, { context, timer: expire(id), receiving: false });
      return { id, missing: [...context.missing] };
    },
    async receive(id, archive) {
      const found = find(id);
      if (found.receiving) throw new BerthError('conflict', `build context ${id} is being sent already`);
      found.receiving = true;
      clearTimeout(found.timer);
      try {
        await found.context.receive(archive);
      } finally {
        found.receiving = false;
        if (waiting.has(id)) found.timer = expire(id);
      }
    },
    take(id) {
      const found = find(id);
      if (found.receiving) throw new BerthError('conflict', `build context ${id} is being sent still`);
      const context = found.context.open();
      drop(id);
      trimSoon();
      return context;
    },
    usage: () => contents.usage(),
    prune: ({ before = Number.POSITIVE_INFINITY, keep = 0 } = {}) =>
      contents.prune(({ used, total }) => used < before && (keep === 0 || total > keep)),
    close() {
      clearTimeout(trimming);
      for (const id of [...waiting.keys()]) void drop(id)?.release();
    },
  };
}

/** The agent can be reached for as long as git is at work; nobody else gets into the directory of checkouts. */
async function fetchRepository(
  address: GitAddress,
  folder: string,
  { signal, agent }: Pick<GitOptions, 'signal' | 'agent'>,
): Promise<void> {
  if (agent === undefined) return fetchGit(address, folder, { signal });
  const socket = `${folder}.ssh`;
  mkdirSync(dirname(socket), { recursive: true, mode: 0o700 });
  const close = await agent.listen(socket);
  try {
    await fetchGit(address, folder, { signal, agent: socket });
  } finally {
    await close();
  }
}
