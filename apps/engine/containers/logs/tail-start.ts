import type { FileHandle } from 'node:fs/promises';
import { logFiles } from './files.ts';
import { openLogFile } from './open-file.ts';
import { ENTRY_HEADER } from './parse.ts';
import type { LogPosition } from './position.ts';

const BLOCK = 256 * 1024;
const NEWLINE = 10;
const LETTER_E = 101;
const LETTER_F = 70;
/** Offsets in an entry, see parse.ts. */
const STREAM_AT = 39;
const TAG_AT = 43;

/**
 * The start of the last `lines` lines of the wanted streams (-1: of everything), found by reading backwards from the
 * end, through rotated files where needed. A line counts when it ends; an unfinished last one counts too. Undefined
 * when there is no file.
 */
export async function tailStart(
  path: string,
  lines: number,
  wanted: { stdout: boolean; stderr: boolean },
): Promise<LogPosition | undefined> {
  const files = logFiles(path);
  const oldest = files[0];
  if (oldest === undefined) return undefined;
  const counter = new LineCounter(lines, wanted);
  for (const file of lines < 0 ? [] : files.toReversed()) {
    const handle = await openLogFile(path, file.number);
    const offset = handle && (await startInFile(handle, counter));
    if (offset !== undefined) return { number: file.number, offset };
  }
  return { number: oldest.number, offset: 0 };
}

class LineCounter {
  #left: number;
  readonly #wanted: readonly [boolean, boolean];
  /** By stream: an entry was seen already, so that a partial one before it belongs to a line that was counted. */
  readonly #seen: [boolean, boolean] = [false, false];

  constructor(lines: number, wanted: { stdout: boolean; stderr: boolean }) {
    this.#left = lines;
    this.#wanted = [wanted.stdout, wanted.stderr];
  }

  /** Takes the next entry towards the beginning; true when it no longer belongs to the wanted lines. */
  isBeyond(stderr: boolean, isEnd: boolean): boolean {
    const stream = stderr ? 1 : 0;
    if (!this.#wanted[stream]) return false;
    const ends = isEnd || !this.#seen[stream];
    this.#seen[stream] = true;
    return ends && this.#left-- === 0;
  }
}

/** Offset behind the newest entry that is beyond the wanted lines; undefined when the whole file is wanted. */
async function startInFile(handle: FileHandle, counter: LineCounter): Promise<number | undefined> {
  try {
    // Each block overlaps the one behind it, so that no header is cut.
    const buffer = Buffer.allocUnsafe(BLOCK + ENTRY_HEADER);
    const { size } = await handle.stat();
    let next = size;
    for (let blockEnd = size; blockEnd > 0; ) {
      const blockStart = Math.max(0, blockEnd - BLOCK);
      const filled = await readFully(handle, buffer, Math.min(blockEnd + ENTRY_HEADER, size) - blockStart, blockStart);
      const from = Math.min(blockEnd - blockStart, filled) - 1;
      // An entry begins behind each newline; the newline at the very end begins none.
      for (let newline = buffer.lastIndexOf(NEWLINE, from); ; newline = buffer.lastIndexOf(NEWLINE, newline - 1)) {
        if (newline < 0 && blockStart > 0) break;
        const start = newline + 1;
        if (start + ENTRY_HEADER <= filled) {
          if (counter.isBeyond(buffer[start + STREAM_AT] === LETTER_E, buffer[start + TAG_AT] === LETTER_F))
            return next;
          next = blockStart + start;
        } else if (blockStart + start < size) next = blockStart + start;
        if (newline <= 0) break;
      }
      blockEnd = blockStart;
    }
    return undefined;
  } finally {
    await handle.close();
  }
}

async function readFully(handle: FileHandle, buffer: Buffer, length: number, position: number): Promise<number> {
  let filled = 0;
  while (filled < length) {
    const { bytesRead } = await handle.read(buffer, filled, length - filled, position + filled);
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return filled;
}
