import { readSync, writeSync } from 'node:fs';
import type { TerminalSize } from './terminal/size.ts';

/** Where a command writes. */
export interface Output {
  /** Hands over text or bytes, in order. What a slow reader does not take yet is kept; see `drain`. */
  write(data: string | Uint8Array): void;
  /** Resolves when all that was written has left; await it between chunks of long streams, so that memory stays bounded. */
  drain(): Promise<void>;
  /** Bytes that have not left yet. */
  readonly pending: number;
  readonly isTerminal: boolean;
  /** True on a terminal unless NO_COLOR is set. */
  readonly colors: boolean;
  /** Undefined when this is no terminal. */
  size(): TerminalSize | undefined;
}

/** Where a command reads. */
export interface Input {
  readonly isTerminal: boolean;
  readonly fd: number;
  /** Blocks until a line or the end comes; for questions before anything else runs. */
  readLine(): string;
}

/** Milliseconds between attempts on a descriptor that is full: a reader as slow as this does not notice. */
const RETRY_MS = 2;

/**
 * An Output on a file descriptor. It writes synchronously, so that nothing is lost when the process ends, and keeps
 * what a non-blocking descriptor refuses (a terminal shared with a program that made it so).
 */
export function fileOutput(
  fd: number,
  terminal: { isTerminal: boolean; colors: boolean; size: () => TerminalSize | undefined },
): Output {
  const queue: Uint8Array[] = [];
  let pending = 0;
  let flushing: Promise<void> | undefined;

  const attempt = (data: Uint8Array): number => {
    let done = 0;
    while (done < data.length) {
      try {
        done += writeSync(fd, data, done, data.length - done);
      } catch (error) {
        if (!(error instanceof Error && 'code' in error)) throw error;
        if (error.code === 'EAGAIN') break;
        // The reader has gone: end as a program without a handler for SIGPIPE does.
        if (error.code === 'EPIPE') process.exit(128 + 13);
        throw error;
      }
    }
    return done;
  };
  const flush = async (): Promise<void> => {
    for (let first = queue[0]; first; first = queue[0]) {
      const done = attempt(first);
      pending -= done;
      if (done === first.length) queue.shift();
      else {
        queue[0] = first.subarray(done);
        await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
      }
    }
    flushing = undefined;
  };
  return {
    write(data) {
      const bytes = typeof data === 'string' ? new TextEncoder().encode(data) : data;
      const done = queue.length === 0 ? attempt(bytes) : 0;
      if (done === bytes.length) return;
      pending += bytes.length - done;
      queue.push(bytes.slice(done));
      flushing ??= flush();
    },
    drain: () => flushing ?? Promise.resolve(),
    get pending() {
      return pending;
    },
    isTerminal: terminal.isTerminal,
    colors: terminal.colors,
    size: terminal.size,
  };
}

/** An Input on a file descriptor. */
export function fileInput(fd: number, isTerminal: boolean): Input {
  return {
    fd,
    isTerminal,
    readLine() {
      const byte = new Uint8Array(1);
      const line: number[] = [];
      while (readSync(fd, byte, 0, 1, null) > 0 && byte[0] !== 10) line.push(byte[0] ?? 0);
      return new TextDecoder().decode(Uint8Array.from(line));
    },
  };
}
