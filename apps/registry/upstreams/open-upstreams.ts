import { pipeline } from 'node:stream/promises';
import type { Logger } from '@berth/kit';
import { createTransport, listTags } from '@berth/oci';
import { findBlob } from '../content/blobs.ts';
import { tagNames } from '../content/records.ts';
import type { Store } from '../content/store.ts';
import { type ContentDigest, readDigest } from '../digest.ts';
import { RegistryError } from '../errors.ts';
import type { Endpoint, Exchange } from '../http/exchange.ts';
import { sendJson } from '../http/send.ts';
import { readReference } from '../names.ts';
import { cutPage, readPage } from '../protocol/page.ts';
import { readRange } from '../protocol/range.ts';
import { openUpstream } from './ask-upstream.ts';
import { type Evicted, type EvictOptions, evict } from './evict.ts';
import { type BlobKeeper, keepBlobs } from './keep-blobs.ts';
import { type KeepParts, keepManifests, type Place } from './keep-manifests.ts';
import { keepReferrers } from './keep-referrers.ts';
import { openMarks } from './marks.ts';
import { createNames } from './names.ts';
import { checkUpstreams, type UpstreamSettings } from './settings.ts';
import { logFailure, upstreamError } from './upstream-error.ts';

/** Other registries whose content is fetched when it is asked for, and kept. */
export interface Upstreams {
  /** See `UpstreamNames.withNamespace`. */
  withNamespace(path: string, namespace: string): string | undefined;
  /** The endpoint with what is needed of an upstream before it. */
  around(endpoint: Endpoint, path: string): Endpoint;
  /** Removes fetched manifests that were not used for long, or are too many. What was pushed stays. */
  evict(options: EvictOptions): Promise<Evicted>;
  close(): Promise<void>;
}

type UpstreamsParts = Omit<KeepParts, 'marks'>;

/** Errors: invalid settings. */
export function openUpstreams(settings: readonly UpstreamSettings[], given: UpstreamsParts): Upstreams {
  const { store, log } = given;
  const stop = new AbortController();
  const transport = createTransport({ userAgent: 'berth-registry' });
  const opened = checkUpstreams(settings).map((checked) => openUpstream(checked, transport, stop.signal));
  const names = createNames(opened);
  const parts: KeepParts = { ...given, marks: openMarks(store) };
  const ensureManifest = keepManifests(parts);
  const ensureReferrers = keepReferrers(parts, ensureManifest);
  const blobs = keepBlobs(parts);
  const placeOf = (repository: string | undefined): Place | undefined => {
    const found = repository === undefined ? undefined : names.find(repository);
    const upstream = found && opened.find(({ prefix }) => prefix === found.upstream.prefix);
    return repository === undefined || !found || !upstream ? undefined : { repository, upstream, remote: found.remote };
  };
  return {
    withNamespace: names.withNamespace,
    around: (endpoint, path) => {
      const place = placeOf(endpoint.repository);
      if (!place) return endpoint;
      const last = path.slice(path.lastIndexOf('/') + 1);
      const before = (work: (exchange: Exchange) => Promise<'answered' | undefined>): Endpoint => ({
        ...endpoint,
        serve: async (exchange) => {
          if ((await work(exchange)) !== 'answered') await endpoint.serve(exchange);
        },
      });
      if (endpoint.name === 'manifest.get') {
        return before(async () => {
          await ensureManifest(place, readReference(last));
          return undefined;
        });
      }
      if (endpoint.name === 'blob.get')
        return before((exchange) => answerBlob({ blobs, place, store, digest: readDigest(last), log }, exchange));
      if (endpoint.name === 'referrers.list') {
        return before(async () => {
          await ensureReferrers(place, readDigest(last));
          return undefined;
        });
      }
      return endpoint.name === 'tags.list'
        ? before((exchange) => answerTags({ store, place, log }, exchange))
        : endpoint;
    },
    evict: (options) => evict(parts, options),
    close: async () => {
      stop.abort(new Error('the registry stops'));
      await blobs.settled();
      transport.close();
    },
  };
}

interface BlobAnswer {
  blobs: BlobKeeper;
  place: Place;
  store: Store;
  digest: ContentDigest;
  log: Logger;
}

async function answerBlob(
  { blobs, place, store, digest }: BlobAnswer,
  { message, answer, caller }: Exchange,
): Promise<'answered' | undefined> {
  const { repository } = place;
  if ((await findBlob(store, repository, digest)) !== undefined) return undefined;
  const headers = {
    'accept-ranges': 'bytes',
    'content-type': 'application/octet-stream',
    'docker-content-digest': digest,
    etag: `"${digest}"`,
  };
  if (message.method === 'HEAD') {
    // Who may push wants to know whether the blob must be sent: it must, since it is not here.
    if (caller.may({ repository, action: 'push' })) return undefined;
    answer.writeHead(200, { ...headers, 'content-length': await blobs.size(place, digest) }).end();
    return 'answered';
  }
  const fetch = await blobs.fetch(place, digest);
  if (fetch === undefined) return undefined;
  if (fetch.size === 0) {
    // There is no byte of it to wait for.
    const unknown = { code: 'BLOB_UNKNOWN', message: `${repository} has no blob ${digest}` } as const;
    await fetch.whole().catch((error) => Promise.reject(upstreamError(error, place.upstream, unknown)));
    return undefined;
  }
  const range = readRange(message.headers.range, fetch.size);
  if (range === 'none') {
    throw new RegistryError('SIZE_INVALID', `the blob has ${fetch.size} bytes`, {
      status: 416,
      headers: { 'content-range': `bytes */${fetch.size}` },
    });
  }
  const { start, end } = range ?? { start: 0, end: fetch.size - 1 };
  answer.setHeader('content-length', end - start + 1);
  if (range) answer.setHeader('content-range', `bytes ${start}-${end}/${fetch.size}`);
  // The first bytes may be a while in coming.
  answer.writeHead(range ? 206 : 200, headers).flushHeaders();
  await pipeline(fetch.read({ start, end }), answer);
  return 'answered';
}

/** Those of the upstream and those that are only here. Without the upstream: those that are here, if any. */
async function answerTags(
  { store, place, log }: Pick<BlobAnswer, 'store' | 'place' | 'log'>,
  { query, answer }: Exchange,
): Promise<'answered' | undefined> {
  const { repository, upstream, remote } = place;
  const page = readPage(query);
  const here = await tagNames(store, repository);
  let there: string[];
  try {
    there = await upstream.ask((session) => listTags(session, remote));
  } catch (error) {
    logFailure(log, error, upstream, { repository });
    if (here.length > 0) return undefined;
    throw upstreamError(error, upstream, { code: 'NAME_UNKNOWN', message: `there is no repository ${repository}` });
  }
  const all = [...new Set([...here, ...there])].sort();
  const { entries, headers } = cutPage(all, page, `/v2/${repository}/tags/list`);
  sendJson(answer, 200, { name: repository, tags: entries }, headers);
  return 'answered';
}
