import { closeSync } from 'node:fs';
import { Readable, type Writable } from 'node:stream';
import { ReadStream, WriteStream } from 'node:tty';
import { errnoOf } from '@berth/kit';
import { setWindowSize } from './console-socket.ts';
import { duplicate } from './descriptor.ts';

/** The master side of a terminal as streams. */
export interface Terminal {
  output: Readable;
  input: Writable;
  resize(rows: number, columns: number): void;
  close(): void;
}

/** Wraps a master descriptor and owns it. Its end, EIO when the last program closed the other side, ends `output`. */
export function openTerminal(master: number): Terminal {
  const writer = new WriteStream(duplicate(master));
  const reader = new ReadStream(master);
  const output = new Readable({ read: () => reader.resume(), highWaterMark: 256 * 1024 });
  reader.on('data', (chunk: Buffer) => {
    if (!output.push(chunk)) reader.pause();
  });
  const end = () => {
    if (!output.readableEnded && !output.destroyed) output.push(null);
  };
  reader.on('end', end);
  reader.on('close', end);
  reader.on('error', (error) => (errnoOf(error) === 'EIO' ? end() : output.destroy(error)));
  writer.on('error', () => undefined); // the programs have ended: what was typed has no reader
  let open = true;
  return {
    output,
    input: writer,
    resize: (rows, columns) => {
      if (open) setWindowSize(master, rows, columns);
    },
    close() {
      open = false;
      reader.destroy();
      writer.destroy();
    },
  };
}

/** Closes descriptors that were not handed on. */
export function closeAll(descriptors: Iterable<number>): void {
  for (const fd of descriptors) closeSync(fd);
}
