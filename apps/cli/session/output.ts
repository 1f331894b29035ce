import { FrameReader, type FrameStream } from '@berth/client';
import type { Context } from '../context.ts';
import type { Output } from '../streams.ts';

/**
 * A sink for a container's output. Raw bytes go to stdout; framed ones (`tty` false) are taken apart to stdout and
 * stderr, neighbouring frames in one write. The sink's promise slows the sender down to the pace of the reader.
 */
export function containerOutput(
  context: Pick<Context, 'out' | 'err'>,
  tty: boolean,
): (chunk: Uint8Array) => void | Promise<void> {
  if (tty) return (chunk) => writeOut(context.out, chunk);
  const frames = new FrameReader();
  return (chunk) => {
    let stream: FrameStream | undefined;
    let run: Uint8Array[] = [];
    const flush = () => {
      if (stream === 'system') throw new Error(`error from daemon in stream: ${new TextDecoder().decode(join(run))}`);
      if (stream !== undefined && run.length) (stream === 'stderr' ? context.err : context.out).write(join(run));
      run = [];
    };
    frames.push(chunk, (next, data) => {
      if (next !== stream) flush();
      stream = next;
      run.push(data);
    });
    flush();
    if (context.out.pending || context.err.pending)
      return Promise.all([context.out.drain(), context.err.drain()]).then(() => undefined);
  };
}

function writeOut(out: Output, chunk: Uint8Array): void | Promise<void> {
  out.write(chunk);
  if (out.pending) return out.drain();
}

function join(parts: Uint8Array[]): Uint8Array {
  if (parts.length === 1 && parts[0]) return parts[0];
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}
