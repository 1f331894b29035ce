import { setTimeout as sleep } from 'node:timers/promises';
import { BerthError, errnoOf } from '@berth/kit';
import { type ListObject, S3mini } from 's3mini';
import type { S3Settings } from './settings.ts';

/** What of S3 is used, with keys below the configured prefix; failures that may pass are tried again. */
export interface Bucket {
  /** undefined when it is not there. The body must be read or cancelled. */
  get(key: string, range?: { start: number; end: number }): Promise<Response | undefined>;
  put(key: string, bytes: Uint8Array, contentType: string): Promise<void>;
  /** Idempotent. */
  remove(key: string): Promise<void>;
  /** Objects below `prefix`, page by page in the order of keys; with `flat` false what lies deeper is one entry with `/`. */
  list(prefix: string, flat: boolean): AsyncIterable<Listed>;
  /** Errors: unavailable, when the bucket does not answer or is not ours. */
  check(): Promise<void>;
}

export interface Listed {
  /** Without the configured prefix. */
  key: string;
  size: number;
  /** Milliseconds since 1970. */
  modified: number;
}

const ATTEMPTS = 4;
const BACK_OFF = 100;
const PAGE = 1_000;
const TRANSIENT = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'EAI_AGAIN',
  'UND_ERR_SOCKET',
  'UND_ERR_HEADERS_TIMEOUT',
]);

export function openBucket(settings: Required<S3Settings>): Bucket {
  const { accessKeyId, secretAccessKey, region, bucket } = settings;
  const endpoint = `${settings.endpoint.replace(/\/+$/, '')}/${bucket}`;
  const s3 = new S3mini({ accessKeyId, secretAccessKey, region, endpoint });
  const above = settings.prefix === '' ? '' : `${settings.prefix}/`;
  return {
    get: (key, range) =>
      unlessMissing(
        again(() => s3.getObjectRaw(above + key, range === undefined, range?.start, range && range.end + 1)),
      ),
    put: async (key, bytes, contentType) => {
      const response = await again(() => s3.putObject(above + key, bytes, contentType));
      await response.body?.cancel();
    },
    remove: async (key) => {
      await unlessMissing(again(() => s3.deleteObject(above + key)));
    },
    list: (prefix, flat) => list(s3, above, prefix, flat),
    check: async () => {
      if (await again(() => s3.bucketExists())) return;
      // It says the same of a bucket that is not there and of one that is not ours: a listing tells which.
      const page = await again(() => s3.listObjectsPaged('/', above, 1)).catch((cause: unknown) => {
        if (statusOf(cause) !== 403) throw cause;
        const what = `the bucket ${bucket} at ${settings.endpoint} does not let us in`;
        throw new BerthError('unavailable', `${what}: the key or its secret is wrong, or may not list it`, { cause });
      });
      if (!page) throw new BerthError('unavailable', `there is no bucket ${bucket} at ${settings.endpoint}`);
    },
  };
}

async function* list(s3: S3mini, above: string, prefix: string, flat: boolean): AsyncGenerator<Listed> {
  let token: string | undefined;
  do {
    const options = flat ? {} : { delimiter: '/' };
    const page = await again(() => s3.listObjectsPaged('/', above + prefix, PAGE, token, options));
    yield* sorted(page?.objects ?? []).map(({ Key, Size, LastModified }) => ({
      key: Key.slice(above.length),
      size: Size,
      modified: LastModified.getTime(),
    }));
    token = page?.nextContinuationToken;
  } while (token !== undefined);
}

/** A page has objects first and folders after them, though both come in one order over all pages. */
function sorted(objects: readonly ListObject[]): ListObject[] {
  return [...objects].sort((a, b) => (a.Key < b.Key ? -1 : a.Key > b.Key ? 1 : 0));
}

async function unlessMissing<T>(work: Promise<T>): Promise<T | undefined> {
  try {
    return await work;
  } catch (error) {
    if (statusOf(error) === 404) return undefined;
    throw error;
  }
}

/** All requests are such that sending one twice does what sending it once does. */
async function again<T>(work: () => Promise<T>): Promise<T> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (attempt === ATTEMPTS || !mayPass(error)) throw error;
      await sleep(BACK_OFF * 2 ** (attempt - 1) * (0.5 + Math.random() / 2));
    }
  }
}

function mayPass(error: unknown): boolean {
  const status = statusOf(error);
  if (status !== undefined) return status === 429 || status >= 500;
  const cause = error instanceof Error ? error.cause : undefined;
  return [error, cause].some((one) => TRANSIENT.has(errnoOf(one) ?? ''));
}

function statusOf(error: unknown): number | undefined {
  return error instanceof Error && 'status' in error && typeof error.status === 'number' ? error.status : undefined;
}
