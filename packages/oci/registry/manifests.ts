import { BerthError } from '@berth/kit';
import { type Digest, digestOf, isDigest } from '../digest.ts';
import { MANIFEST_LIMIT } from '../manifest.ts';
import { DOCKER, OCI } from '../media-types.ts';
import { discard, readBounded } from './body.ts';
import { pullScope, pushScope } from './scopes.ts';
import type { RegistrySession } from './session.ts';
import type { HttpResponse, Transport } from './transport.ts';

/** A manifest or index as a registry gave it; `digest` is that of `bytes`. */
export interface FetchedManifest {
  digest: Digest;
  /** What the registry said; undefined when it said nothing that could be one. */
  mediaType: string | undefined;
  bytes: Buffer;
}

/** Schema 1 is asked for last, so that the answer can be named instead of missing. */
const ACCEPT = [OCI.index, OCI.manifest, DOCKER.index, DOCKER.manifest, DOCKER.schema1Signed, DOCKER.schema1].join(
  ', ',
);

/**
 * Fetches a manifest by tag or digest, at most 4 MiB. A digest asked for, or announced, is checked. Errors: not-found
 * MANIFEST_UNKNOWN; invalid when the content is not what the digest says.
 */
export async function fetchManifest(
  session: RegistrySession,
  repository: string,
  reference: string,
): Promise<FetchedManifest> {
  const response = await ask(session, 'GET', repository, reference);
  const bytes = await readBounded(response.body, MANIFEST_LIMIT, `manifest ${reference} of ${repository}`);
  const digest = digestOf(bytes);
  const wanted = isDigest(reference) ? reference : announcedDigest(response);
  if (wanted !== undefined && wanted !== digest) {
    throw new BerthError('invalid', `manifest verification failed for digest ${wanted}: the content has ${digest}`);
  }
  return { digest, mediaType: mediaTypeOf(response), bytes };
}

/** What a tag points at, without fetching it; undefined when the registry does not say. Errors: as `fetchManifest`. */
export async function resolveManifest(
  session: RegistrySession,
  repository: string,
  reference: string,
): Promise<{ digest: Digest; size: number; mediaType: string | undefined } | undefined> {
  const response = await ask(session, 'HEAD', repository, reference);
  await discard(response.body);
  const digest = announcedDigest(response);
  const size = Number(response.headers['content-length']);
  if (digest === undefined || !Number.isSafeInteger(size)) return undefined;
  return { digest, size, mediaType: mediaTypeOf(response) };
}

/** A registry that does not answer soon is asked as if nothing were known. Milliseconds. */
const CHECK_TIMEOUT = 5000;

/** Asks again, later, whether a tag means what it meant. */
export interface ManifestCheck {
  digest: Digest;
  /** Bytes. */
  size: number;
  /** One request, sent once, as it was allowed when the check was made: its failure says nothing. */
  stillThere(transport: Transport, signal: AbortSignal): Promise<boolean>;
}

/** For a manifest that was just put there. Errors: as `fetchManifest`. */
export async function manifestCheck(
  session: RegistrySession,
  repository: string,
  reference: string,
  { digest, size }: { digest: Digest; size: number },
): Promise<ManifestCheck> {
  // Whoever has just pushed has a token of this scope.
  const request = await session.prepare({ ...asked('HEAD', repository, reference), scopes: [pushScope(repository)] });
  return {
    digest,
    size,
    stillThere: async (transport, signal) => {
      const response = await transport.send({ ...request, signal, idleTimeout: CHECK_TIMEOUT });
      await discard(response.body);
      return response.status === 200 && announcedDigest(response) === digest;
    },
  };
}

/** Stores a manifest or index under a tag or its digest. Errors: forbidden, unauthorized, invalid. */
export async function putManifest(
  session: RegistrySession,
  repository: string,
  reference: string,
  manifest: { mediaType: string; bytes: Uint8Array },
): Promise<void> {
  const response = await session.request({
    method: 'PUT',
    at: manifestPath(repository, reference),
    scopes: [pushScope(repository)],
    headers: { 'content-type': manifest.mediaType },
    body: manifest.bytes,
    expect: [200, 201, 202],
    notFound: 'NAME_UNKNOWN',
  });
  await discard(response.body);
  const stored = announcedDigest(response);
  if (stored !== undefined && stored !== digestOf(manifest.bytes)) {
    throw new BerthError('unavailable', `registry ${session.domain} stored another manifest than was sent: ${stored}`);
  }
}

function ask(session: RegistrySession, method: 'GET' | 'HEAD', repository: string, reference: string) {
  return session.request({ ...asked(method, repository, reference), expect: [200], notFound: 'MANIFEST_UNKNOWN' });
}

function asked<T extends 'GET' | 'HEAD'>(method: T, repository: string, reference: string) {
  return {
    method,
    at: manifestPath(repository, reference),
    scopes: [pullScope(repository)],
    headers: { accept: ACCEPT },
  };
}

function manifestPath(repository: string, reference: string): string {
  return `/v2/${repository}/manifests/${reference}`;
}

function announcedDigest({ headers }: HttpResponse): Digest | undefined {
  const value = headers['docker-content-digest'];
  return isDigest(value) ? value : undefined;
}

/** Servers that know no manifests serve them as plain JSON or text: that says nothing, the document has to. */
function mediaTypeOf({ headers }: HttpResponse): string | undefined {
  const type = headers['content-type']?.split(';', 1)[0]?.trim().toLowerCase();
  return type === undefined || !type.startsWith('application/vnd.') ? undefined : type;
}
