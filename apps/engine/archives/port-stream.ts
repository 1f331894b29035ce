import { Readable } from 'node:stream';
import type { MessagePort } from 'node:worker_threads';
import { BerthError, type ErrorCode } from '@berth/kit';

/** What comes through a feeding port. */
type Feed =
  | { kind: 'chunk'; chunk: Uint8Array }
  | { kind: 'end' }
  | { kind: 'broken'; code: ErrorCode; message: string };

/** Pieces that are asked for ahead, so that neither thread waits for the other's turn; what is kept is bounded by it. */
const AHEAD = 8;
const CHUNK = 256 * 1024;

/**
 * Answers each `more` of the other thread with the next piece; ends the source when the other wants no more. `owned`: each
 * piece has its memory for itself and is given away. Resolves when the end is told, or the other thread wants no more.
 */
export function feedPort(
  source: AsyncIterable<Uint8Array>,
  port: MessagePort,
  { owned }: { owned: boolean } = { owned: false },
): Promise<void> {
  const done = Promise.withResolvers<void>();
  const pieces = source[Symbol.asyncIterator]();
  const send = (message: Feed, transfer: ArrayBuffer[] = []) => port.postMessage(message, transfer);
  let last: Promise<void> = Promise.resolve();
  const answer = async () => {
    try {
      const next = await pieces.next();
      if (next.done) {
        send({ kind: 'end' });
        done.resolve();
      } else {
        // A copy of exactly these bytes: pieces are often windows into larger, shared memory.
        const chunk = owned ? next.value : new Uint8Array(next.value);
        send({ kind: 'chunk', chunk }, chunk.buffer instanceof ArrayBuffer ? [chunk.buffer] : []);
      }
    } catch (error) {
      const code = error instanceof BerthError ? error.code : 'canceled';
      send({ kind: 'broken', code, message: error instanceof Error ? error.message : String(error) });
      done.resolve();
    }
  };
  port.on('message', () => {
    last = last.then(answer);
  });
  // How a source fails that nobody wants any more is of no interest.
  port.once('close', () => {
    void last.then(() => pieces.return?.()).catch(() => undefined);
    done.resolve();
  });
  return done.promise;
}

/** The pieces that `feedPort` sends from the other thread. Only so many are asked for as are taken. */
export function readPort(port: MessagePort): Readable {
  let asked = 0;
  const stream = new Readable({
    highWaterMark: 4 * CHUNK,
    read: () => {
      for (; asked < AHEAD; asked++) port.postMessage('more');
    },
    destroy: (error, done) => {
      port.close();
      done(error);
    },
  });
  port.on('message', (feed: Feed) => {
    asked--;
    if (feed.kind === 'chunk') stream.push(feed.chunk);
    else if (feed.kind === 'end') stream.push(null);
    else stream.destroy(new BerthError(feed.code, feed.message));
  });
  // The other thread was ended in the midst of it.
  port.once('close', () => {
    if (!stream.readableEnded && !stream.destroyed) stream.destroy(new BerthError('canceled', 'the worker was ended'));
  });
  return stream;
}
