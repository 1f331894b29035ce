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
  blob: { digest: Digest; size: number },
): AsyncGenerator<Buffer, void, undefined> {
  const hash = createHash('sha256');
  let at = 0;
  for (let failures = 0; at < blob.size; ) {
    const from = at;
    const response = await open(session, repository, blob, from);
    try {
      for await (const chunk of body(response, from, blob)) {
        at += chunk.byteLength;
        hash.update(chunk);
        yield chunk;
      }
    } catch (error) {
      session.signal.throwIfAborted();
      if (!isTransient(error)) throw error;
      failures = at - from >= PROGRESS ? 0 : failures + 1;
      if (failures >= session.downloadAttempts) throw connectionError('GET', response.url, error);
      await pause(backOff(Math.max(1, failures)), session.signal);
    }
  }
  const digest = `sha256:${hash.digest('hex')}`;
  if (digest !== blob.digest) {
    throw new BerthError(
      'invalid',
      `filesystem layer verification failed for digest ${blob.digest}: the content has ${digest}`,
    );
  }
}

async function open(
  session: RegistrySession,
  repository: string,
  blob: { digest: Digest; size: number },
  from: number,
) {
  return session.request({
    method: 'GET',
    at: blobPath(repository, blob.digest),
    scopes: [pullScope(repository)],
    headers: from === 0 ? {} : { range: `bytes=${from}-${blob.size - 1}` },
    expect: [200, 206],
    notFound: 'BLOB_UNKNOWN',
  });
}

/** The bytes from `from` on, whether or not the server knows ranges; fails like a broken connection when there are too few. */
async function* body(
  response: HttpResponse,
  from: number,
  blob: { digest: Digest; size: number },
): AsyncGenerator<Buffer> {
  let skip = from - startOf(response, from, blob);
  let left = blob.size - from;
  for await (const chunk of response.body as AsyncIterable<Buffer>) {
    const wanted = chunk.subarray(Math.min(skip, chunk.byteLength));
    skip -= chunk.byteLength - wanted.byteLength;
    if (wanted.byteLength === 0) continue;
    left -= wanted.byteLength;
    if (left < 0)
      throw new BerthError('invalid', `blob ${blob.digest} is longer than the ${blob.size} bytes announced`);
    yield wanted;
  }
  if (left > 0) throw Object.assign(new Error('unexpected EOF'), { code: 'ECONNRESET' });
}

/** Where an answer begins. Errors: invalid when it is not the blob's, or not the range asked for. */
function startOf(response: HttpResponse, from: number, blob: { digest: Digest; size: number }): number {
  const wrong = (what: string) => {
    response.body.destroy();
    return new BerthError('invalid', `blob ${blob.digest}: ${what}`);
  };
  if (response.status === 206) {
    const range = /^bytes (\d+)-(\d+)\/(\d+|\*)$/.exec(response.headers['content-range'] ?? '');
    if (range === null || Number(range[1]) !== from)
      throw wrong('the registry answered with another range than asked for');
    return from;
  }
  const length = response.headers['content-length'];
  if (length !== undefined && Number(length) !== blob.size) {
    throw wrong(`the registry has ${length} bytes, ${blob.size} were announced`);
  }
  return 0;
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
