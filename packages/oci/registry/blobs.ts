import { createHash } from 'node:crypto';
import { BerthError } from '@berth/kit';
import type { Digest } from '../digest.ts';
import { discard } from './body.ts';
import { connectionError } from './connection-error.ts';
import { backOff, isTransient, pause } from './retry.ts';
import { pullScope, pushScope } from './scopes.ts';
import type { RegistrySession } from './session.ts';
import type { HttpResponse } from './transport.ts';

/** A connection that brought this much was worth it: it does not count as a failed attempt when it breaks. Bytes. */
const PROGRESS = 64 * 1024;

/**
 * Reads a blob. A connection that breaks is taken up again where it broke; size and digest are checked, so that the
 * iteration ends only when all bytes were right. Errors: invalid when they are not; unavailable; not-found BLOB_UNKNOWN.
 */
export async function* readBlob(
  session: RegistrySession,
  repository: string,
  blob: BlobToRead,
): AsyncGenerator<Buffer, void, undefined> {
  const hash = createHash('sha256');
  for await (const chunk of readBlobFrom(session, repository, blob, 0)) {
    hash.update(chunk);
    yield chunk;
  }
  const digest = `sha256:${hash.digest('hex')}`;
  if (digest !== blob.digest) {
    throw new BerthError(
      'invalid',
      `filesystem layer verification failed for digest ${blob.digest}: the content has ${digest}`,
    );
  }
}

export interface BlobToRead {
  digest: Digest;
  /** Bytes. */
  size: number;
}

/**
 * Reads a blob from byte `from` on, for a caller who has what comes before and checks the digest of the whole. Bytes that a
 * server sends again (it does not know ranges, or answers with another one than was asked for) are passed over. Errors: as
 * `readBlob`, but for the digest. `onReceived` gets all bytes that come, also those that are passed over.
 */
export async function* readBlobFrom(
  session: RegistrySession,
  repository: string,
  blob: BlobToRead,
  from: number,
  onReceived?: (bytes: number, origin: URL) => void,
): AsyncGenerator<Buffer, void, undefined> {
  const reading: Reading = { session, repository, blob, ranges: true };
  let at = from;
  for (let failures = 0; at < blob.size; ) {
    const begin = at;
    const { response, start } = await open(reading, begin);
    try {
      const received = onReceived && ((bytes: number) => onReceived(bytes, response.url));
      for await (const chunk of body(response, { skip: begin - start, from: begin, blob, received })) {
        at += chunk.byteLength;
        yield chunk;
      }
    } catch (error) {
      session.signal.throwIfAborted();
      if (!isTransient(error)) throw error;
      failures = at - begin >= PROGRESS ? 0 : failures + 1;
      if (failures >= session.downloadAttempts) throw connectionError('GET', response.url, error);
      const milliseconds = backOff(Math.max(1, failures));
      session.onWait?.({
        url: response.url,
        milliseconds,
        reason: 'connection lost',
        at: blobPath(repository, blob.digest),
      });
      await pause(milliseconds, session.signal);
    }
  }
}

interface Reading {
  session: RegistrySession;
  repository: string;
  blob: BlobToRead;
  /** The server is asked for ranges: it has not answered with a wrong one yet. */
  ranges: boolean;
}

/** An answer and the byte it begins with, which is not behind `from`. */
async function open(reading: Reading, from: number): Promise<{ response: HttpResponse; start: number }> {
  const { session, repository, blob } = reading;
  for (;;) {
    const response = await session.request({
      method: 'GET',
      at: blobPath(repository, blob.digest),
      scopes: [pullScope(repository)],
      headers: from === 0 || !reading.ranges ? {} : { range: `bytes=${from}-${blob.size - 1}` },
      expect: reading.ranges ? [200, 206, 416] : [200],
      notFound: 'BLOB_UNKNOWN',
    });
    const start = startOf(response, blob);
    if (start !== undefined && start <= from) return { response, start };
    // A cache that mixes up its ranges: it may still have the whole.
    response.body.destroy();
    reading.ranges = false;
  }
}

interface Part {
  blob: BlobToRead;
  /** Where what is wanted begins, and how many bytes stand before it. */
  from: number;
  skip: number;
  received: ((bytes: number) => void) | undefined;
}

/** What comes after `skip` bytes; fails like a broken connection when that does not reach to the blob's end. */
async function* body(response: HttpResponse, { blob, from, skip, received }: Part): AsyncGenerator<Buffer> {
  let left = blob.size - from;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    received?.(chunk.byteLength);
    const wanted = skip === 0 ? chunk : chunk.subarray(Math.min(skip, chunk.byteLength));
    skip -= chunk.byteLength - wanted.byteLength;
    if (wanted.byteLength === 0) continue;
    left -= wanted.byteLength;
    if (left < 0)
      throw new BerthError('invalid', `blob ${blob.digest} is longer than the ${blob.size} bytes announced`);
    yield wanted;
  }
  if (left > 0) throw Object.assign(new Error('unexpected EOF'), { code: 'ECONNRESET' });
}

/** Where an answer begins; undefined when it is no usable part. Errors: invalid when it is another blob's. */
function startOf(response: HttpResponse, blob: BlobToRead): number | undefined {
  const { status, headers } = response;
  if (status === 416) return undefined;
  const range = status === 206 ? /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(headers['content-range'] ?? '') : undefined;
  if (range === null) return undefined;
  const length = range === undefined ? headers['content-length'] : range[3] === '*' ? undefined : range[3];
  if (length !== undefined && Number(length) !== blob.size) {
    response.body.destroy();
    throw new BerthError(
      'invalid',
      `blob ${blob.digest}: the registry has ${length} bytes, ${blob.size} were announced`,
    );
  }
  return range === undefined ? 0 : Number(range[1]);
}

/** Whether the registry has a blob in this repository. */
export async function hasBlob(session: RegistrySession, repository: string, digest: Digest): Promise<boolean> {
  const response = await session.request({
    method: 'HEAD',
    at: blobPath(repository, digest),
    scopes: [pushScope(repository)],
    expect: [200, 404],
    notFound: 'BLOB_UNKNOWN',
  });
  await discard(response.body);
  return response.status === 200;
}

function blobPath(repository: string, digest: Digest): string {
  return `/v2/${repository}/blobs/${digest}`;
}
