import { linkBlob } from '../content/blobs.ts';
import { findLender } from '../content/lenders.ts';
import { type Source, uploadRange } from '../content/uploads.ts';
import { algorithmOf, type ContentDigest, isAlgorithm, readDigest } from '../digest.ts';
import { RegistryError } from '../errors.ts';
import type { Exchange } from '../http/exchange.ts';
import { sendEmpty } from '../http/send.ts';
import type { ApiContext } from './context.ts';
import { readChunkRange } from './range.ts';

/** `POST …/blobs/uploads/`: begins an upload, takes a whole blob (`digest`), or mounts one (`mount`, `from`). */
export function startUpload(context: ApiContext, name: string) {
  return async (exchange: Exchange): Promise<void> => {
    const { answer, query } = exchange;
    const mount = query.get('mount');
    if (mount !== null) {
      const digest = readDigest(mount);
      if (await mountBlob(context, exchange, name, digest, query.get('from'))) {
        sendEmpty(answer, 201, blobHeaders(name, digest));
        return;
      }
    }
    const whole = query.get('digest');
    const digest = whole === null || mount !== null ? undefined : readDigest(whole);
    const id = await context.uploads.begin(name, digest ? algorithmOf(digest) : wantedAlgorithm(query));
    if (digest === undefined) {
      sendEmpty(answer, 202, uploadHeaders(name, id, 0));
      return;
    }
    try {
      await context.uploads.finish(name, id, digest, sourceOf(context, exchange));
    } catch (error) {
      // Nobody knows its id, so nobody will go on with it.
      await context.uploads.cancel(name, id).catch(() => {});
      throw error;
    }
    sendEmpty(answer, 201, blobHeaders(name, digest));
  };
}

/** `PATCH …/blobs/uploads/ID`: the next bytes, in order where Content-Range says their place. */
export function patchUpload(context: ApiContext, name: string, id: string) {
  return async (exchange: Exchange): Promise<void> => {
    const size = await atItsPlace(name, id, () => context.uploads.append(name, id, sourceOf(context, exchange)));
    sendEmpty(exchange.answer, 202, uploadHeaders(name, id, size));
  };
}

/** `PUT …/blobs/uploads/ID?digest=`: the last bytes, perhaps all, perhaps none; then it is a blob. */
export function finishUpload(context: ApiContext, name: string, id: string) {
  return async (exchange: Exchange): Promise<void> => {
    const text = exchange.query.get('digest');
    if (text === null)
      throw new RegistryError('DIGEST_INVALID', 'an upload ends with the digest of the blob (?digest=)');
    const digest = readDigest(text);
    await atItsPlace(name, id, () => context.uploads.finish(name, id, digest, sourceOf(context, exchange)));
    sendEmpty(exchange.answer, 201, blobHeaders(name, digest));
  };
}

/** `GET …/blobs/uploads/ID`: how far it is. */
export function uploadStatus({ uploads }: ApiContext, name: string, id: string) {
  return async ({ answer }: Exchange): Promise<void> => {
    sendEmpty(answer, 204, uploadHeaders(name, id, await uploads.size(name, id)));
  };
}

/** `DELETE …/blobs/uploads/ID` */
export function cancelUpload({ uploads }: ApiContext, name: string, id: string) {
  return async ({ answer }: Exchange): Promise<void> => {
    await uploads.cancel(name, id);
    sendEmpty(answer, 204);
  };
}

/**
 * Gives the repository a blob that another has, if this client may read it there. Without `from` any repository will do.
 */
async function mountBlob(
  { store }: ApiContext,
  { caller }: Exchange,
  name: string,
  digest: ContentDigest,
  from: string | null,
): Promise<boolean> {
  const mayRead = (repository: string) => caller.may({ repository, action: 'pull' });
  const lender = await findLender(store, digest, from ?? undefined, mayRead);
  return lender !== undefined && (await linkBlob(store, name, digest)) !== undefined;
}

function sourceOf({ blobLimit }: ApiContext, exchange: Exchange): Source {
  const { headers } = exchange.message;
  const length = headers['content-length'] === undefined ? undefined : Number(headers['content-length']);
  if (length !== undefined && length > blobLimit)
    throw new RegistryError('SIZE_INVALID', `a blob may have ${blobLimit} bytes here`, { status: 413 });
  // A body that the client holds back until it is told to go on is asked for when it is its turn.
  const source: Source = {
    bytes: { [Symbol.asyncIterator]: () => exchange.body()[Symbol.asyncIterator]() },
    cut: exchange.cut,
  };
  const text = headers['content-range'];
  if (text === undefined) return source;
  const range = readChunkRange(text);
  if (!range)
    throw new RegistryError('BLOB_UPLOAD_INVALID', 'Content-Range of a chunk is START-END, both included', {
      status: 416,
    });
  if (length !== undefined && length !== range.end - range.start + 1)
    throw new RegistryError(
      'SIZE_INVALID',
      `Content-Range is of ${range.end - range.start + 1} bytes, Content-Length of ${length}`,
    );
  return { ...source, range };
}

/** What is out of order is told where to go on. */
async function atItsPlace<T>(name: string, id: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof RegistryError) || error.status !== 416) throw error;
    const { code, message, status, headers } = error;
    throw new RegistryError(code, message, {
      status,
      headers: { ...headers, location: uploadPath(name, id), 'docker-upload-uuid': id },
    });
  }
}

/** Errors: DIGEST_INVALID. */
function wantedAlgorithm(query: URLSearchParams): 'sha256' | 'sha512' {
  const text = query.get('digest-algorithm') ?? 'sha256';
  if (isAlgorithm(text)) return text;
  throw new RegistryError('DIGEST_INVALID', 'digests are made by sha256 or sha512 here');
}

function uploadPath(name: string, id: string): string {
  return `/v2/${name}/blobs/uploads/${id}`;
}

function uploadHeaders(name: string, id: string, size: number): Record<string, string> {
  return { location: uploadPath(name, id), range: uploadRange(size), 'docker-upload-uuid': id };
}

function blobHeaders(name: string, digest: ContentDigest): Record<string, string> {
  return { location: `/v2/${name}/blobs/${digest}`, 'docker-content-digest': digest };
}
