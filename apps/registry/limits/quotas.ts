import { parseFixedPattern } from '../access/index.ts';
import { findBlob } from '../content/blobs.ts';
import { findLender } from '../content/lenders.ts';
import { type ContentDigest, isContentDigest } from '../digest.ts';
import { RegistryError } from '../errors.ts';
import type { Endpoint, Exchange } from '../http/exchange.ts';
import type { ApiContext } from '../protocol/context.ts';
import { KEYS } from '../storage/keys.ts';
import { passingKey, QuotaLedger, type QuotaRule } from './quota-ledger.ts';

/** Bounds of what repositories may hold. */
export interface Quotas {
  /** The endpoint, within the bounds of its repository. */
  around(endpoint: Endpoint, path: string): Endpoint;
  /** Room for content that comes otherwise than in a request. Whoever took it releases it. Errors: DENIED. */
  take(repository: string, bytes: number): Promise<Taken>;
  /** Something was removed otherwise than by a request. */
  doubt(): void;
}

export interface Taken {
  /** The content is the repository's from now on. */
  hold(digest: ContentDigest): Promise<void>;
  /** It is over, whether anything was held or not. Idempotent. */
  release(): void;
}

interface Governed {
  repository: string;
  ledgers: readonly QuotaLedger[];
  context: Pick<ApiContext, 'store' | 'uploads'>;
  onRefused: () => void;
}

/** Errors: invalid, for patterns that are none. Of the endpoints: DENIED. */
export function openQuotas(
  rules: readonly QuotaRule[],
  context: Pick<ApiContext, 'store' | 'uploads'>,
  onRefused: () => void,
): Quotas {
  const all = rules.map(
    ({ bytes, repositories }) => new QuotaLedger(bytes, repositories.map(parseFixedPattern), context.store),
  );
  const of = (repository: string) => all.filter((ledger) => ledger.covers(repository));
  return {
    around: (endpoint, path) => {
      const { repository } = endpoint;
      const ledgers = repository === undefined ? [] : of(repository);
      if (repository === undefined || ledgers.length === 0) return endpoint;
      const last = path.slice(path.lastIndexOf('/') + 1);
      const work = WORK[endpoint.name]?.({ repository, ledgers, context, onRefused }, endpoint, last);
      return work === undefined ? endpoint : { ...endpoint, serve: work };
    },
    take: (repository, bytes) => take({ repository, ledgers: of(repository), context, onRefused }, bytes),
    doubt: () => {
      for (const ledger of all) ledger.doubt();
    },
  };
}

type Serve = (exchange: Exchange) => Promise<void>;

const WORK: Record<string, (governed: Governed, endpoint: Endpoint, last: string) => Serve> = {
  'upload.start': startUpload,
  'upload.patch': patchUpload,
  'upload.finish': finishUpload,
  'upload.cancel': (governed, endpoint, id) => async (exchange) => {
    await endpoint.serve(exchange);
    release(governed, id);
  },
  'manifest.push': pushManifest,
  'manifest.delete': removal,
  'blob.delete': removal,
};

/** No more is taken than there is room for: what the length says is looked at first, then what comes. */
async function sendTo(governed: Governed, endpoint: Endpoint, upload: string, exchange: Exchange): Promise<void> {
  await checkRoom(governed, Number(exchange.message.headers['content-length'] ?? 0));
  const body = async function* () {
    for await (const chunk of exchange.body()) {
      await reserve(governed, upload, chunk.byteLength);
      yield chunk;
    }
  };
  await endpoint.serve({ ...exchange, body });
}

function patchUpload(governed: Governed, endpoint: Endpoint, id: string): Serve {
  return async (exchange) => {
    await recall(governed, id);
    await sendTo(governed, endpoint, id, exchange);
  };
}

/** An upload that was begun before a restart counts from now on. */
async function recall({ ledgers, context, repository }: Governed, id: string): Promise<void> {
  if (ledgers.every((ledger) => ledger.isKnown(id))) return;
  const size = await context.uploads.size(repository, id).catch(() => 0);
  for (const ledger of ledgers) if (size > 0 && !ledger.isKnown(id)) await ledger.reserve(id, size);
}

/** Whether an upload has ended. Where that cannot be told it goes on counting. */
async function isGone({ context, repository }: Governed, id: string): Promise<boolean> {
  try {
    await context.uploads.size(repository, id);
    return false;
  } catch (error) {
    return error instanceof RegistryError && error.code === 'BLOB_UPLOAD_UNKNOWN';
  }
}

function startUpload(governed: Governed, endpoint: Endpoint): Serve {
  return async (exchange) => {
    const { query, answer } = exchange;
    const [mount, whole] = [query.get('mount'), query.get('digest')];
    const key = passingKey();
    try {
      const lent = mount !== null && isContentDigest(mount) ? await lend(governed, exchange, mount, key) : exchange;
      await sendTo(governed, endpoint, key, lent);
      await hold(governed, answer.statusCode === 201 ? (mount ?? whole ?? '') : '', key);
    } finally {
      release(governed, key);
    }
  };
}

/** Room for a blob that is mounted. The request then names the repository that lends it: it is found but once. */
async function lend(governed: Governed, exchange: Exchange, digest: ContentDigest, key: string): Promise<Exchange> {
  const { repository, context } = governed;
  const { caller, query } = exchange;
  // Whoever may not see the other repository is not told by this either that something is there.
  const mayRead = (name: string) => caller.may({ repository: name, action: 'pull' });
  const lender = await findLender(context.store, digest, query.get('from') ?? undefined, mayRead);
  if (lender !== undefined && (await findBlob(context.store, repository, digest)) === undefined)
    await reserve(governed, key, lender.size);
  const named = new URLSearchParams(query);
  named.set('from', lender?.repository ?? NOBODY);
  return { ...exchange, query: named };
}

/** No name of a repository: nothing is mounted from it. */
const NOBODY = '';

function finishUpload(governed: Governed, endpoint: Endpoint, id: string): Serve {
  return async (exchange) => {
    await recall(governed, id);
    try {
      await sendTo(governed, endpoint, id, exchange);
    } catch (error) {
      // A digest that is none leaves the upload as it was; a wrong one ends it, and gives back what it had taken.
      if (await isGone(governed, id)) release(governed, id);
      throw error;
    }
    await hold(governed, exchange.query.get('digest') ?? '', id);
  };
}

function pushManifest(governed: Governed, endpoint: Endpoint): Serve {
  return (exchange) =>
    inPassing(governed, endpoint, exchange, () => String(exchange.answer.getHeader('docker-content-digest') ?? ''));
}

/** A request that brings all of something; `digest` says what it has become. */
async function inPassing(
  governed: Governed,
  endpoint: Endpoint,
  exchange: Exchange,
  digest: () => string,
): Promise<void> {
  const key = passingKey();
  try {
    await sendTo(governed, endpoint, key, exchange);
    await hold(governed, digest(), key);
  } finally {
    release(governed, key);
  }
}

function removal({ ledgers }: Governed, endpoint: Endpoint): Serve {
  return async (exchange) => {
    await endpoint.serve(exchange);
    for (const ledger of ledgers) ledger.doubt();
  };
}

/** What an upload took is held by the repository from now on, in one step. */
async function hold({ ledgers, repository, context }: Governed, digest: string, upload: string): Promise<void> {
  const facts = isContentDigest(digest) ? await context.store.driver.stat(KEYS.content(digest)) : undefined;
  for (const ledger of ledgers) {
    ledger.release(upload);
    if (facts) ledger.hold(repository, digest, facts.size);
  }
}

async function take(governed: Governed, bytes: number): Promise<Taken> {
  const key = passingKey();
  try {
    await reserve(governed, key, bytes);
  } catch (error) {
    release(governed, key);
    throw error;
  }
  return { hold: (digest) => hold(governed, digest, key), release: () => release(governed, key) };
}

async function reserve(governed: Governed, upload: string, bytes: number): Promise<void> {
  if (bytes === 0) return; // also where there is too much already, since a quota was lowered
  for (const ledger of governed.ledgers) if (!(await ledger.reserve(upload, bytes))) throw refused(governed, ledger);
}

function release({ ledgers }: Governed, upload: string): void {
  for (const ledger of ledgers) ledger.release(upload);
}

async function checkRoom(governed: Governed, bytes: number): Promise<void> {
  for (const ledger of governed.ledgers) if (!(await ledger.hasRoom(bytes))) throw refused(governed, ledger);
}

function refused({ repository, onRefused }: Governed, { limit, total }: QuotaLedger): RegistryError {
  onRefused();
  return new RegistryError('DENIED', `quota exceeded: ${repository} and those beside it may have ${limit} bytes`, {
    detail: { limit, used: Math.min(limit, total) },
  });
}
