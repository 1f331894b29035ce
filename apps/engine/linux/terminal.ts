import { Readable, type Writable } from 'node:stream';
import { errnoOf } from '@berth/kit';
import { setWindowSize } from './console-socket.ts';
import { adoptDescriptor, setNonBlocking } from './descriptor.ts';
import { descriptorOf } from './hang-up.ts';

/** The master side of a terminal as streams. */
export interface Terminal {
  output: Readable;
  input: Writable;
  resize(rows: number, columns: number): void;
  close(): void;
}

/** Wraps a master descriptor and owns it. Its end, EIO when the last program closed the other side, ends `output`. */
export function openTerminal(master: number): Terminal {
  // Node's own streams for terminals write synchronously: a program that does not read what is typed would stop the
  // whole process.
  setNonBlocking(master);
  const both = adoptDescriptor(master);
  const output = new Readable({ read: () => both.resume(), highWaterMark: 256 * 1024 });
  both.on('data', (chunk: Buffer) => {
    if (!output.push(chunk)) both.pause();
  });
  const end = () => {
    if (!output.readableEnded && !output.destroyed) output.push(null);
  };
  both.on('end', end);
  both.on('close', end);
  both.on('error', (error) => (errnoOf(error) === 'EIO' ? end() : output.destroy(error)));
  return {
    output,
    input: both,
    resize: (rows, columns) => {
      const fd = descriptorOf(both);
      if (fd !== undefined) setWindowSize(fd, rows, columns);
    },
    close: () => void both.destroy(),
  };
}
