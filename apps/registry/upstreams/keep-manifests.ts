import { setTimeout as sleep } from 'node:timers/promises';
import type { Logger } from '@berth/kit';
import { type FetchedManifest, fetchManifest, isDigest, resolveManifest } from '@berth/oci';
import { putManifest } from '../content/manifests.ts';
import { readRecord, readTag } from '../content/records.ts';
import type { Store } from '../content/store.ts';
import type { ContentDigest } from '../digest.ts';
import { RegistryError } from '../errors.ts';
import type { Quotas } from '../limits/index.ts';
import type { RegistryMetrics } from '../metrics/index.ts';
import type { ManifestReference } from '../names.ts';
import type { Upstream } from './ask-upstream.ts';
import type { Marks } from './marks.ts';
import { Recent } from './recent.ts';
import { failureOf, isRefused, logFailure, upstreamError } from './upstream-error.ts';

/** A repository of ours that is one of an upstream. */
export interface Place {
  repository: string;
  upstream: Upstream;
  remote: string;
}

export interface KeepParts {
  store: Store;
  marks: Marks;
  log: Logger;
  metrics: Pick<RegistryMetrics, 'cache' | 'fetched'>;
  room: Pick<Quotas, 'take'>;
  /** Longest blob, bytes. */
  blobLimit: number;
}

/** How long somebody waits for an upstream while there is something to give him. Milliseconds. */
const PATIENCE = 10_000;
/** An upstream that fails is left alone for so long, as far as a tag goes. Milliseconds. */
const RESPITE = 30_000;
const FRESH_MAX = 50_000;
const ABSENT_MAX = 10_000;

/**
 * Makes the store have a manifest that is asked for, and a tag point where the upstream has it. What was pushed here is
 * never asked about. An upstream that does not answer does no harm to what is here. Errors: MANIFEST_UNKNOWN,
 * UNAVAILABLE, TOOMANYREQUESTS; DENIED, where there is no room; 502 when what it sends is wrong.
 */
export function keepManifests(parts: KeepParts): (place: Place, reference: ManifestReference) => Promise<void> {
  const { store, marks, metrics } = parts;
  const fresh = new Recent(FRESH_MAX);
  const absent = new Recent(ABSENT_MAX);
  const once = createOnce();

  const missing = ({ repository }: Place, text: string) =>
    ({ code: 'MANIFEST_UNKNOWN', message: `${repository} has no manifest ${text}, nor has its upstream` }) as const;
  const fail = (place: Place, text: string, error: unknown): RegistryError => {
    const { upstream, repository } = place;
    if (error instanceof RegistryError && error.code === 'DENIED') return error; // by us, for want of room
    if (failureOf(error).kind === 'missing') absent.note(`${repository} ${text}`, upstream.negativeTtl);
    logFailure(parts.log, error, upstream, { repository, reference: text });
    metrics.cache(upstream.name, 'manifest', 'error');
    return upstreamError(error, upstream, missing(place, text));
  };
  const refuseAbsent = (place: Place, text: string) => {
    if (!absent.has(`${place.repository} ${text}`)) return;
    metrics.cache(place.upstream.name, 'manifest', 'negative');
    const { code, message } = missing(place, text);
    throw new RegistryError(code, message);
  };

  const byDigest = async (place: Place, digest: ContentDigest): Promise<void> => {
    const { repository, upstream, remote } = place;
    if (await readRecord(store, repository, digest)) {
      metrics.cache(upstream.name, 'manifest', 'hit');
      await marks.used(repository, digest);
      return;
    }
    refuseAbsent(place, digest);
    if (!isDigest(digest)) throw new RegistryError('MANIFEST_UNKNOWN', 'upstreams are asked for sha256 digests only');
    await once(`${repository} ${digest}`, async () => {
      try {
        await keep(parts, place, await upstream.ask((session) => fetchManifest(session, remote, digest)));
      } catch (error) {
        throw fail(place, digest, error);
      }
      metrics.cache(upstream.name, 'manifest', 'miss');
    });
  };

  const byTag = async (place: Place, tag: string): Promise<void> => {
    const { repository, upstream } = place;
    const key = `${repository} ${tag}`;
    const local = await readTag(store, repository, tag);
    if (local && fresh.has(key)) {
      metrics.cache(upstream.name, 'manifest', 'hit');
      await marks.used(repository, local.digest);
      return;
    }
    if (local && !(await marks.isFetchedTag(repository, tag))) return;
    refuseAbsent(place, tag);
    const asking = once(key, async () => {
      try {
        const same = await refresh(parts, place, tag, local?.digest);
        fresh.note(key, upstream.ttl);
        metrics.cache(upstream.name, 'manifest', same ? 'revalidated' : 'miss');
      } catch (error) {
        // A password of ours that counts no more is no reason to take from clients what is here.
        const isGone = failureOf(error).kind === 'missing' && !isRefused(error);
        if (!local || isGone) throw fail(place, tag, error);
        parts.log.warn('an upstream failed; what is here is given', {
          upstream: upstream.name,
          repository,
          tag,
          error,
        });
        fresh.note(key, Math.max(RESPITE, 1));
        metrics.cache(upstream.name, 'manifest', 'stale');
      }
    });
    if (!local) return asking;
    asking.catch(() => undefined);
    const late = new AbortController();
    const patience = sleep(PATIENCE, undefined, { signal: late.signal, ref: false }).catch(() => undefined);
    await Promise.race([asking, patience]).finally(() => late.abort());
    await marks.used(repository, local.digest);
  };

  return (place, reference) => ('tag' in reference ? byTag(place, reference.tag) : byDigest(place, reference.digest));
}

/** Resolves to true when the tag is where it was. */
async function refresh(
  parts: KeepParts,
  place: Place,
  tag: string,
  local: ContentDigest | undefined,
): Promise<boolean> {
  const { upstream, remote } = place;
  if (local !== undefined) {
    const now = await upstream.ask((session) => resolveManifest(session, remote, tag));
    if (now?.digest === local) return true;
  }
  await keep(parts, place, await upstream.ask((session) => fetchManifest(session, remote, tag)), tag);
  return false;
}

async function keep(
  { store, marks, room }: KeepParts,
  { repository }: Place,
  { digest, bytes, mediaType }: FetchedManifest,
  tag?: string,
): Promise<void> {
  const before = tag === undefined ? undefined : await readTag(store, repository, tag);
  const moved = before !== undefined && before.digest !== digest ? before.digest : undefined;
  const [hadFetched, had, movedFetched] = await Promise.all([
    marks.isFetchedManifest(repository, digest),
    readRecord(store, repository, digest),
    moved !== undefined && marks.isFetchedManifest(repository, moved),
  ]);
  const taken = await room.take(repository, had ? 0 : bytes.byteLength);
  try {
    await putManifest(store, repository, {
      ...{ digest, bytes, contentType: mediaType, wholeIndexes: false, wholeImages: false },
      tags: tag === undefined ? [] : [tag],
    });
    await taken.hold(digest);
  } finally {
    taken.release();
  }
  if (!had || hadFetched) await marks.markManifest(repository, digest);
  // Losing its tag counts as a change of its record; it is fetched all the same.
  if (moved !== undefined && movedFetched) await marks.markManifest(repository, moved);
  if (tag !== undefined) await marks.markTag(repository, tag, digest);
}

/** Runs work for a key once for all who ask while it runs. */
export function createOnce(): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const running = new Map<string, Promise<unknown>>();
  return <T>(key: string, work: () => Promise<T>): Promise<T> => {
    const known = running.get(key);
    if (known) return known as Promise<T>;
    const mine = work().finally(() => running.delete(key));
    running.set(key, mine);
    return mine;
  };
}
