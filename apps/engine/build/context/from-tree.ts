import { constants } from 'node:fs';
import { lstat, open, readdir, readlink } from 'node:fs/promises';
import type { ContextContents } from './contents.ts';
import { EntryIndex, type GivenEntry, invalid, resolveIn } from './entry-index.ts';
import type { BuildContext, ContextEntry } from './model.ts';
import { openContext } from './open-context.ts';

const CHUNK = 256 * 1024;
const DEPTH_MAX = 1000;
const NO_LINK = Buffer.alloc(0);
const NO_XATTRS: ReadonlyMap<string, Buffer> = new Map();

export interface TreeOptions {
  /** A directory in the tree that is the context; links on the way to it lead only inside the tree. '' is all of it. */
  subdirectory: string;
  /** Names at the root of the tree that are left out. */
  without: readonly string[];
}

/**
 * A context of a directory that only this process writes to: a checkout. No link in it is followed on this disk. Errors:
 * invalid (`subdirectory` is no directory in it).
 */
export async function contextFromTree(
  root: string,
  contents: ContextContents,
  { subdirectory, without }: TreeOptions,
): Promise<BuildContext> {
  const index = new EntryIndex();
  const held: string[] = [];
  let received = 0;
  const visit = async (folder: Buffer, prefix: string, depth: number): Promise<void> => {
    if (depth > DEPTH_MAX) throw invalid('its directories are nested too deep');
    for (const name of await readdir(folder, { encoding: 'buffer' })) {
      if (depth === 0 && without.includes(name.toString('utf8'))) continue;
      const path = Buffer.concat([folder, Buffer.from('/'), name]);
      const inside = Buffer.concat([Buffer.from(prefix, 'latin1'), name]);
      const stat = await lstat(path, { bigint: true });
      const common = { mode: Number(stat.mode & 0o7777n), mtime: stat.mtimeNs, size: 0, sha256: '', link: NO_LINK };
      const add = (entry: Pick<GivenEntry, 'type'> & Partial<GivenEntry>) =>
        index.add(inside, { ...common, xattrs: NO_XATTRS, ...entry });
      if (stat.isSymbolicLink()) add({ type: 'symlink', link: await readlink(path, { encoding: 'buffer' }) });
      else if (stat.isDirectory()) {
        add({ type: 'directory' });
        await visit(path, `${inside.toString('latin1')}/`, depth + 1);
      } else if (stat.isFile()) {
        const { sha256, size } = await store(path, contents);
        held.push(sha256);
        received += size;
        add({ type: 'file', sha256, size });
      }
    }
  };
  try {
    await visit(Buffer.from(root), '', 0);
    await contents.settle();
    const entries = below(index.finish(), subdirectory);
    return openContext(entries, { contents, held, received });
  } catch (error) {
    await contents.settle().catch(() => undefined);
    await contents.release(held);
    throw error;
  }
}

async function store(path: Buffer, contents: ContextContents) {
  const file = await open(path, constants.O_RDONLY | constants.O_NOFOLLOW);
  try {
    const { size } = await file.stat();
    const receiver = contents.receive(size);
    const buffer = Buffer.allocUnsafe(Math.min(CHUNK, Math.max(1, size)));
    for (let at = 0; at < size; ) {
      const { bytesRead } = await file.read(buffer, 0, Math.min(buffer.length, size - at), at);
      if (bytesRead === 0) throw invalid('a file was cut while it was read', path);
      await receiver.write(buffer.subarray(0, bytesRead), at);
      at += bytesRead;
    }
    return await receiver.end();
  } finally {
    await file.close();
  }
}

/** The entries below a directory, seen from it. Errors: invalid. */
function below(entries: ReadonlyMap<string, ContextEntry>, subdirectory: string): ReadonlyMap<string, ContextEntry> {
  if (subdirectory.split('/').every((part) => part === '' || part === '.')) return entries;
  const found = resolveIn(entries, subdirectory);
  if (found?.type !== 'directory') throw invalid(`${JSON.stringify(subdirectory)} is no directory in it`);
  const prefix = `${found.path}/`;
  const bytes = found.name.length + 1;
  return new Map(
    [...entries].flatMap(([path, entry]): [string, ContextEntry][] => {
      if (!path.startsWith(prefix)) return [];
      const own = path.slice(prefix.length);
      return [[own, { ...entry, path: own, name: entry.name.subarray(bytes) }]];
    }),
  );
}
