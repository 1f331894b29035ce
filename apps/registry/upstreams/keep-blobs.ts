import { randomUUID } from 'node:crypto';
import { isDigest, type RegistrySession, readBlob } from '@berth/oci';
import { addBlob, findBlob, linkBlob } from '../content/blobs.ts';
import type { ContentDigest } from '../digest.ts';
import { RegistryError } from '../errors.ts';
import type { Taken } from '../limits/index.ts';
import { createOnce, type KeepParts, type Place } from './keep-manifests.ts';
import { Recent } from './recent.ts';
import { SharedFetch } from './shared-fetch.ts';
import { failureOf, logFailure, upstreamError } from './upstream-error.ts';

/** Blobs of upstreams. */
export interface BlobKeeper {
  /** Its size, asked of the upstream. Errors: BLOB_UNKNOWN, UNAVAILABLE, TOOMANYREQUESTS; DENIED, when it is too long. */
  size(place: Place, digest: ContentDigest): Promise<number>;
  /**
   * A blob that is not in the repository yet. It is fetched once for all who want it, to its end, whoever leaves before.
   * Resolves to undefined when the upstream sent its bytes before, and it is in the repository now. Errors: as `size`;
   * DENIED, where there is no room for it.
   */
  fetch(place: Place, digest: ContentDigest): Promise<SharedFetch | undefined>;
  /** Waits for what is under way; the signal of the upstreams has ended it. */
  settled(): Promise<void>;
}

const ABSENT_MAX = 10_000;
/** Blobs remembered as sent by an upstream. One that is forgotten, as all are by a restart, is fetched once more. */
const SENT_MAX = 20_000;
const SENT_LASTS = 24 * 3_600_000;

export function keepBlobs({ store, log, metrics, room, blobLimit }: KeepParts): BlobKeeper {
  const absent = new Recent(ABSENT_MAX);
  const sent = new Recent(SENT_MAX);
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
    let size: number;
    try {
      size = await upstream.ask((session) => sizeOf(session, remote, digest));
    } catch (error) {
      if (failureOf(error).kind === 'missing') absent.note(key, upstream.negativeTtl);
      logFailure(log, error, upstream, { repository, digest });
      metrics.cache(upstream.name, 'blob', 'error');
      throw upstreamError(error, upstream, unknown);
    }
    if (size <= blobLimit) return size;
    throw new RegistryError('DENIED', `the blob ${digest} has ${size} bytes; one may have ${blobLimit} here`);
  };

  /** To the end, whatever that is: then nothing of it is left but the blob, if it is one. */
  const run = async (fetch: SharedFetch, place: Place, digest: ContentDigest, taken: Taken): Promise<void> => {
    const { repository, upstream } = place;
    const source = counted(place, { digest, size: fetch.size }, (bytes) => metrics.fetched(upstream.name, bytes));
    try {
      await fetch.run(source, async (complete) => {
        await addBlob(store, repository, digest, complete);
        await taken.hold(digest);
      });
      sent.note(`${upstream.prefix} ${digest}`, SENT_LASTS);
    } catch (error) {
      log.warn('a blob could not be fetched', { upstream: upstream.name, repository, digest, error });
    } finally {
      const key = `${repository} ${digest}`;
      if (coming.get(key) === fetch) coming.delete(key);
    }
  };

  const start = async (place: Place, digest: ContentDigest, size: number, taken: Taken): Promise<SharedFetch> => {
    const leave = await place.upstream.fetching.enter();
    try {
      const stage = await store.driver.stage(randomUUID());
      const fetch = new SharedFetch({ driver: store.driver, stage, digest, size });
      coming.set(`${place.repository} ${digest}`, fetch);
      const ending = run(fetch, place, digest, taken).finally(() => {
        leave();
        taken.release();
        running.delete(ending);
      });
      running.add(ending);
      return fetch;
    } catch (error) {
      leave();
      throw error;
    }
  };

  const begin = async (place: Place, digest: ContentDigest): Promise<SharedFetch | undefined> => {
    const { repository, upstream } = place;
    const size = await askSize(place, digest);
    const taken = await room.take(repository, size);
    try {
      // Only what this upstream sent itself is believed to be its own: bytes that are here may be another repository's
      // secret, and to say that it has them costs an upstream nothing.
      const known = sent.has(`${upstream.prefix} ${digest}`);
      if (known && (await linkBlob(store, repository, digest)) !== undefined) {
        metrics.cache(upstream.name, 'blob', 'hit');
        await taken.hold(digest);
        return undefined;
      }
      metrics.cache(upstream.name, 'blob', 'miss');
      return await start(place, digest, size, taken);
    } catch (error) {
      taken.release();
      throw error;
    }
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
async function* counted(
  { upstream, remote }: Place,
  { digest, size }: { digest: ContentDigest; size: number },
  onBytes: (bytes: number) => void,
): AsyncGenerator<Uint8Array> {
  if (!isDigest(digest)) throw new Error(`${digest} is not asked for`);
  // Asked for in here: a conversation that does not come about must end those who wait for the blob.
  const session = await upstream.ask(async (connected) => connected);
  for await (const chunk of readBlob(session, remote, { digest, size })) {
    onBytes(chunk.byteLength);
    yield chunk;
  }
}
