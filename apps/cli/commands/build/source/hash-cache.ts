import { createHash } from 'node:crypto';
import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { readSource } from './read-file.ts';
import type { SourceFile } from './walk.ts';

/** A file that changed this shortly before it was read may change again within the same tick of its file system's clock. */
const SETTLED_MS = 2000;
const VERSION = 1;

type Entry = [ino: number, size: number, mtimeMs: number, ctimeMs: number, sha256: string];

/** Digests of a context's files, kept between builds by inode, size, mtime and ctime. */
export interface HashCache {
  /** SHA-256, hexadecimal. `onRead` gets the content of a file that had to be read. Throws what `readSource` throws. */
  digest(file: SourceFile, onRead?: (sha256: string, content: Buffer) => void): string;
  /** Writes what is new; a folder that cannot be written to is no error. */
  save(): void;
}

/** Opens the cache of one context directory below `folder` (`~/.cache/berth`). */
export function openHashCache(folder: string, root: string, now: () => number = Date.now): HashCache {
  const path = join(folder, 'contexts', `${createHash('sha256').update(root).digest('hex').slice(0, 32)}.json`);
  const before = read(path);
  const after = new Map<string, Entry>();
  let isNew = false;
  return {
    digest(file, onRead) {
      const { ino, size, mtimeMs, ctimeMs } = file.stat;
      const known = before.get(file.path);
      if (known && known[0] === ino && known[1] === size && known[2] === mtimeMs && known[3] === ctimeMs) {
        after.set(file.path, known);
        return known[4];
      }
      const startedAt = now();
      const sha256 = digestOf(file, onRead);
      if (startedAt - Math.max(mtimeMs, ctimeMs) > SETTLED_MS) {
        after.set(file.path, [ino, size, mtimeMs, ctimeMs, sha256]);
        isNew = true;
      }
      return sha256;
    },
    save() {
      if (!isNew && after.size === before.size) return;
      try {
        mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
        const temporary = `${path}.${process.pid}`;
        writeFileSync(temporary, JSON.stringify({ version: VERSION, root, files: Object.fromEntries(after) }), {
          mode: 0o600,
        });
        renameSync(temporary, path);
      } catch {
        // Without it the files are read again, which is right as well.
      }
    },
  };
}

/** Files of more bytes are not handed on: they would be held in memory. */
const HANDED_ON = 1024 * 1024;

function digestOf(file: SourceFile, onRead: ((sha256: string, content: Buffer) => void) | undefined): string {
  const hash = createHash('sha256');
  const pieces: Buffer[] = [];
  const wanted = onRead !== undefined && file.stat.size <= HANDED_ON;
  for (const chunk of readSource(file)) {
    hash.update(chunk);
    if (wanted) pieces.push(Buffer.from(chunk));
  }
  const sha256 = hash.digest('hex');
  if (wanted) onRead(sha256, pieces.length === 1 && pieces[0] ? pieces[0] : Buffer.concat(pieces));
  return sha256;
}

function read(path: string): Map<string, Entry> {
  try {
    const parsed: unknown = JSON.parse(readFileSync(path, 'utf8'));
    if (typeof parsed !== 'object' || parsed === null || !('version' in parsed) || !('files' in parsed))
      return new Map();
    if (parsed.version !== VERSION || typeof parsed.files !== 'object' || parsed.files === null) return new Map();
    return new Map(Object.entries(parsed.files).filter((pair): pair is [string, Entry] => isEntry(pair[1])));
  } catch {
    return new Map(); // not there, or broken: as good as empty
  }
}

function isEntry(value: unknown): value is Entry {
  return Array.isArray(value) && value.length === 5 && typeof value[4] === 'string' && /^[0-9a-f]{64}$/.test(value[4]);
}

/** Where the client keeps what it can find out again. */
export function cacheFolder(env: Readonly<Record<string, string | undefined>>): string {
  return join(env.XDG_CACHE_HOME || join(env.HOME || process.getBuiltinModule('node:os').homedir(), '.cache'), 'berth');
}
