import { once } from 'node:events';
import { Readable } from 'node:stream';
import type { Bucket } from './bucket.ts';
import { type PartList, partKey } from './part-list.ts';

/** The bytes between two offsets (both inclusive), part by part. Fails when a part is missing or short. */
export function readParts(bucket: Bucket, list: PartList, range: { start: number; end: number }): Readable {
  return Readable.from(parts(bucket, list, range), { objectMode: false });
}

async function* parts(bucket: Bucket, { id, partSize, size }: PartList, range: { start: number; end: number }) {
  for (let at = range.start; at <= range.end; ) {
    const index = Math.floor(at / partSize);
    const begin = index * partSize;
    const end = Math.min(begin + partSize, size) - 1;
    const from = at - begin;
    const to = Math.min(range.end, end) - begin;
    const whole = from === 0 && to === end - begin;
    const response = await bucket.get(partKey(id, index), whole ? undefined : { start: from, end: to });
    if (response === undefined) throw new Error(`part ${index} of ${id} is missing`);
    for await (const chunk of bodyOf(response)) {
      at += chunk.byteLength;
      yield chunk;
    }
    if (at !== begin + to + 1) throw new Error(`part ${index} of ${id} has another size than was written`);
  }
}

/** The bytes of an answer; its connection is closed when they are not all wanted. */
export async function* bodyOf(response: Response): AsyncGenerator<Uint8Array> {
  if (response.body !== null) yield* response.body;
}

/** All bytes at once. Throws when there are more than `limit`. */
export async function readWhole(response: Response, limit: number, key: string): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of bodyOf(response)) {
    length += chunk.byteLength;
    if (length > limit) throw new Error(`the object ${key} has more than the ${limit} bytes allowed here`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks, length);
}

/** Resolves when a stream is at its end, however it got there. */
export async function ended(stream: Readable): Promise<void> {
  if (!stream.closed) await once(stream, 'close').catch(() => undefined);
}
