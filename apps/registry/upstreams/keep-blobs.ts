import { randomUUID } from 'node:crypto';
import { isDigest, type RegistrySession, readBlob } from '@berth/oci';
import { addBlob, findBlob, linkBlob } from '../content/blobs.ts';
import type { ContentDigest } from '../digest.ts';
import { RegistryError } from '../errors.ts';
import { createOnce, type KeepParts, type Place } from './keep-manifests.ts';
import { Recent } from './recent.ts';
import { SharedFetch } from './shared-fetch.ts';
import { failureOf, upstreamError } from './upstream-error.ts';

/** Blobs of upstreams. */
export interface BlobKeeper {
  /** Its size, asked of the upstream. Errors: BLOB_UNKNOWN, UNAVAILABLE, TOOMANYREQUESTS. */
  size(place: Place, digest: ContentDigest): Promise<number>;
  /**
   * A blob that is not in the repository yet. It is fetched once for all who want it, to its end, whoever leaves before.
   * Resolves to undefined when its bytes were here already, and it is in the repository now. Errors: as `size`.
   */
  fetch(place: Place, digest: ContentDigest): Promise<SharedFetch | undefined>;
  /** Waits for what is under way; the signal of the upstreams has ended it. */
  settled(): Promise<void>;
}

const ABSENT_MAX = 10_000;

export function keepBlobs({ store, log, metrics }: KeepParts): BlobKeeper {
  const absent = new Recent(ABSENT_MAX);
  const once = createOnce();
  const coming = new Map<string, SharedFetch>();
  const running = new Set<Promise<void>>();

  const missing = ({ repository }: Place, digest: ContentDigest) =>
    ({ code: 'BLOB_UNKNOWN', message: `${repository} has no blob ${digest}, nor has its upstream` }) as const;
  const askSize = async (place: Place, digest: ContentDigest): Promise<number> => {
    const { repository, upstream, remote } = place;
    const key = `${repository} ${digest}`;
    const unknown = missing(place, digest);
    if (!isDigest(digest)) throw new RegistryError(unknown.code, unknown.message);
    if (absent.has(key)) {
      metrics.cache(upstream.name, 'blob', 'negative');
      throw new RegistryError(unknown.code, unknown.message);
    }
    try {
      return await upstream.ask((session) => sizeOf(session, remote, digest));
    } catch (error) {
      if (failureOf(error).kind === 'missing') absent.note(key, upstream.negativeTtl);
      else log.warn('an upstream failed', { upstream: upstream.name, repository, digest, error });
      metrics.cache(upstream.name, 'blob', 'error');
      throw upstreamError(error, upstream, unknown);
    }
  };

  const begin = async (place: Place, digest: ContentDigest): Promise<SharedFetch | undefined> => {
    const { repository, upstream, remote } = place;
    const key = `${repository} ${digest}`;
    const size = await askSize(place, digest);
    // The bytes may be here for another repository: that the upstream has them in this one was just asked.
    if ((await linkBlob(store, repository, digest)) !== undefined) {
      metrics.cache(upstream.name, 'blob', 'hit');
      return undefined;
    }
    metrics.cache(upstream.name, 'blob', 'miss');
    const leave = await upstream.fetching.enter();
    const stage = await store.driver.stage(randomUUID());
    const fetch = new SharedFetch({ driver: store.driver, stage, digest, size });
    coming.set(key, fetch);
    const source = counted(digest, size, (bytes) => metrics.fetched(upstream.name, bytes));
    const run = upstream
      .ask((session) => fetch.run(source(session, remote), (complete) => addBlob(store, repository, digest, complete)))
      .catch((error) => log.warn('a blob could not be fetched', { upstream: upstream.name, repository, digest, error }))
      .finally(() => {
        if (coming.get(key) === fetch) coming.delete(key);
        leave();
        running.delete(run);
      });
    running.add(run);
    return fetch;
  };

  return {
    size: askSize,
    fetch: async (place, digest) => {
      const key = `${place.repository} ${digest}`;
      const known = coming.get(key);
      // One that failed is not joined any more, though it is not yet cleared away.
      if (known && !known.failed) {
        metrics.cache(place.upstream.name, 'blob', 'hit');
        return known;
      }
      return once(key, async () => {
        // Between the look of whoever asks and now, it may have arrived.
        if ((await findBlob(store, place.repository, digest)) !== undefined) return undefined;
        return begin(place, digest);
      });
    },
    settled: async () => {
      await Promise.allSettled(running);
    },
  };
}

async function sizeOf(session: RegistrySession, remote: string, digest: ContentDigest): Promise<number> {
  const { body, headers } = await session.request({
    method: 'HEAD',
    at: `/v2/${remote}/blobs/${digest}`,
    scopes: [`repository:${remote}:pull`],
    expect: [200],
    notFound: 'BLOB_UNKNOWN',
  });
  body.resume();
  const size = Number(headers['content-length']);
  if (!Number.isSafeInteger(size) || size < 0) throw new Error(`no size of ${digest} was said`);
  return size;
}

/** Reads a blob, verified, and says how many bytes came. */
function counted(digest: ContentDigest, size: number, onBytes: (bytes: number) => void) {
  return async function* (session: RegistrySession, remote: string): AsyncGenerator<Uint8Array> {
    if (!isDigest(digest)) throw new Error(`${digest} is not asked for`);
    for await (const chunk of readBlob(session, remote, { digest, size })) {
      onBytes(chunk.byteLength);
      yield chunk;
    }
  };
}
