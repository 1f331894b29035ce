import type { Readable } from 'node:stream';
import { BerthError, isBerthError } from '@berth/kit';
import type { Digest } from '../digest.ts';
import { hasBlob } from './blobs.ts';
import { discard } from './body.ts';
import { resolveLocation } from './location.ts';
import { ATTEMPTS, backOff, isTransient, pause } from './retry.ts';
import { pullScope, pushScope } from './scopes.ts';
import type { RegistrySession } from './session.ts';
import type { HttpResponse } from './transport.ts';

export interface BlobUpload {
  digest: Digest;
  /** Bytes. */
  size: number;
  /** Opens the content from its start; called once per attempt. */
  open(): Readable;
  /** Repositories of the same registry that may have the blob; the first that has it lends it. */
  mountFrom?: readonly string[];
}

/** What it took to have the blob there. */
export type UploadResult = { kind: 'exists' } | { kind: 'mounted'; from: string } | { kind: 'uploaded' };

/** Registries move large uploads to their storage before they answer. Milliseconds. */
const FINISH_TIMEOUT = 300_000;
/** Repositories to try before the bytes are simply sent. */
const MOUNTS_MAX = 4;

/**
 * Sees to it that a blob is in the repository: looks for it, lets the registry mount it from another repository, or
 * sends it (POST, PATCH with the content as one stream, PUT with the digest), from the start again when the connection
 * breaks. Upload locations of another origin get no credentials. Errors: forbidden, unauthorized, unavailable, invalid.
 */
export async function uploadBlob(
  session: RegistrySession,
  repository: string,
  blob: BlobUpload,
): Promise<UploadResult> {
  if (await hasBlob(session, repository, blob.digest)) return { kind: 'exists' };
  let location: URL | undefined;
  for (const from of (blob.mountFrom ?? []).filter((name) => name !== repository).slice(0, MOUNTS_MAX)) {
    const mount = await tryMount(session, repository, blob.digest, from);
    if (mount === 'mounted') return { kind: 'mounted', from };
    location = mount ?? location;
  }
  for (let attempt = 1; ; attempt++) {
    try {
      await send(session, repository, blob, location ?? (await start(session, repository)));
      return { kind: 'uploaded' };
    } catch (error) {
      session.signal.throwIfAborted();
      if (attempt === ATTEMPTS || !mayGoBetter(error)) throw error;
    }
    location = undefined;
    await pause(backOff(attempt), session.signal);
  }
}

/** An upload whose bytes are there; `finish` makes them a blob. Errors: as `uploadBlob`. */
export interface StreamedUpload {
  finish(digest: Digest): Promise<void>;
}

/**
 * Sends a blob while it is being made, before its digest is known: neither looked for nor mounted, and not tried again,
 * since the content can be read once. Errors: as `uploadBlob`.
 */
export async function uploadStream(
  session: RegistrySession,
  repository: string,
  content: Readable,
): Promise<StreamedUpload> {
  try {
    const at = await patch(session, repository, { at: await start(session, repository), content });
    return { finish: (digest) => finish(session, repository, at, digest) };
  } finally {
    content.destroy();
  }
}

/** Where the blob can be uploaded when it was not mounted; undefined when the registry does not say. */
async function tryMount(
  session: RegistrySession,
  repository: string,
  digest: Digest,
  from: string,
): Promise<URL | 'mounted' | undefined> {
  const query = new URLSearchParams({ mount: digest, from });
  try {
    const scopes = [pushScope(repository), pullScope(from)];
    const response = await post(session, `/v2/${repository}/blobs/uploads/?${query}`, scopes);
    return response.status === 201 ? 'mounted' : locationOf(session, response);
  } catch (error) {
    // Who may not read the other repository may still write to this one.
    if (isBerthError(error, 'unauthorized') || isBerthError(error, 'forbidden')) return undefined;
    throw error;
  }
}

async function start(session: RegistrySession, repository: string): Promise<URL> {
  return locationOf(session, await post(session, `/v2/${repository}/blobs/uploads/`, [pushScope(repository)]));
}

async function post(session: RegistrySession, at: string, scopes: string[]): Promise<HttpResponse> {
  const request = {
    method: 'POST',
    at,
    scopes,
    body: new Uint8Array(),
    expect: [201, 202],
    notFound: 'NAME_UNKNOWN',
  } as const;
  const response = await session.request(request);
  await discard(response.body);
  return response;
}

async function send(session: RegistrySession, repository: string, blob: BlobUpload, at: URL): Promise<void> {
  const content = blob.open();
  try {
    const next = await patch(session, repository, { at, content, size: blob.size });
    await finish(session, repository, next, blob.digest);
  } finally {
    content.destroy();
  }
}

/** Sends bytes, in chunks where their number is not known; gives where the upload goes on. */
async function patch(
  session: RegistrySession,
  repository: string,
  { at, content, size }: { at: URL; content: Readable; size?: number },
): Promise<URL> {
  const headers: Record<string, string> = { 'content-type': 'application/octet-stream' };
  if (size !== undefined) headers['content-length'] = String(size);
  const response = await session.request({
    method: 'PATCH',
    at,
    scopes: [pushScope(repository)],
    headers,
    body: content,
    idleTimeout: FINISH_TIMEOUT,
    expect: [201, 202, 204],
    notFound: UNKNOWN_UPLOAD,
  });
  await discard(response.body);
  return locationOf(session, response);
}

async function finish(session: RegistrySession, repository: string, at: URL, digest: Digest): Promise<void> {
  const end = new URL(at);
  end.search += `${end.search === '' ? '' : '&'}digest=${encodeURIComponent(digest)}`;
  const response = await session.request({
    method: 'PUT',
    at: end,
    scopes: [pushScope(repository)],
    body: new Uint8Array(),
    idleTimeout: FINISH_TIMEOUT,
    expect: [201, 204],
    notFound: UNKNOWN_UPLOAD,
  });
  await discard(response.body);
}

const UNKNOWN_UPLOAD = 'BLOB_UPLOAD_UNKNOWN';

function locationOf(session: RegistrySession, response: HttpResponse): URL {
  return resolveLocation(response.headers.location ?? '', response.url, session.domain);
}

/** Connections that broke, and answers that say "later" or "I have lost your upload". */
function mayGoBetter(error: unknown): boolean {
  if (!(error instanceof BerthError)) return isTransient(error);
  if (isTransient(error.cause)) return true;
  const { status, registryCode } = error.details ?? {};
  return (typeof status === 'number' && status >= 500 && status !== 501) || registryCode === 'BLOB_UPLOAD_UNKNOWN';
}
