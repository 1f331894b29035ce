import { readdirSync, statSync } from 'node:fs';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { errnoOf } from '@berth/kit';
import { FileWriter } from './blob-writer.ts';
import { type Digest, hexOf } from './digest.ts';

/** Blobs of which a part is here, as files `partial-HEX`; nothing else is remembered of them. */
export interface PartialBlobs {
  /** Opens or begins the part of a blob; undefined while somebody else writes it. */
  open(expected: { digest: Digest; size: number }): Promise<FileWriter | undefined>;
  /** Bytes of all parts. */
  size(): number;
  /** Removes parts that nobody writes: all, or those that are old or too many. Gives the bytes that became free. */
  prune(which: 'all' | 'stale'): Promise<number>;
}

export interface PartialBlobsOptions {
  dir: string;
  /** Directory of the finished blobs. */
  blobs: string;
  durable: boolean;
}

const PREFIX = 'partial-';
/** What is shorter is as well fetched again. Bytes. */
const KEEP_FROM = 64 * 1024;
/** Milliseconds that a part is kept after it was last written. */
const AGE_MAX = 7 * 24 * 3600 * 1000;
/** Bytes of all parts together that are kept; the oldest go first. */
const TOTAL_MAX = 20 * 1024 ** 3;

export function isPartialName(name: string): boolean {
  return name.startsWith(PREFIX);
}

export function createPartialBlobs({ dir, blobs, durable }: PartialBlobsOptions): PartialBlobs {
  /** File names of parts that are being written. */
  const busy = new Set<string>();
  const prune = async (which: 'all' | 'stale') => {
    const parts = listParts(dir)
      .filter(({ name }) => !busy.has(name))
      .sort((a, b) => b.mtimeMs - a.mtimeMs);
    let [freed, total] = [0, 0];
    for (const { name, size, mtimeMs } of parts) {
      total += size;
      if (which === 'stale' && Date.now() - mtimeMs < AGE_MAX && total <= TOTAL_MAX) continue;
      await rm(join(dir, name), { force: true });
      freed += size;
    }
    return freed;
  };
  return {
    open: async (expected) => {
      const name = PREFIX + hexOf(expected.digest);
      if (busy.has(name)) return undefined;
      busy.add(name);
      try {
        await prune('stale');
        return await openPart(join(dir, name), expected, { blobs, durable, onDone: () => busy.delete(name) });
      } catch (error) {
        busy.delete(name);
        throw error;
      }
    },
    size: () => listParts(dir).reduce((sum, { size }) => sum + size, 0),
    prune,
  };
}

async function openPart(
  path: string,
  expected: { digest: Digest; size: number },
  options: { blobs: string; durable: boolean; onDone: () => void },
): Promise<FileWriter> {
  // Not "a+": the kernel would put every write at the end, whatever its position.
  const file = await open(path, 'r+', 0o600).catch((error: unknown) => {
    if (errnoOf(error) === 'ENOENT') return open(path, 'wx+', 0o600);
    throw error;
  });
  let keptSize = (await file.stat()).size;
  if (keptSize > expected.size) {
    await file.truncate(0);
    keptSize = 0;
  }
  return new FileWriter({ ...options, file, path, expected, keptSize, keepFrom: KEEP_FROM });
}

function listParts(dir: string): { name: string; size: number; mtimeMs: number }[] {
  return readdirSync(dir)
    .filter(isPartialName)
    .flatMap((name) => {
      // It may be finished meanwhile.
      const part = statSync(join(dir, name), { throwIfNoEntry: false });
      return part === undefined ? [] : [{ name, size: part.size, mtimeMs: part.mtimeMs }];
    });
}
