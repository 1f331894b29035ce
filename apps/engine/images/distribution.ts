import {
  type Credentials,
  createSession,
  type Descriptor,
  fetchManifest,
  isObject,
  type Manifest,
  type Platform,
  parseManifest,
  type Reference,
  type RegistrySession,
  readBlob,
  type Transport,
  withDefaultTag,
} from '@berth/oci';
import { CONFIG_LIMIT } from './image-config.ts';
import { translatePullError } from './pull-errors.ts';

/** Answer of GET /distribution/{name}/json. Field names are the wire's. */
export interface DistributionInspect {
  Descriptor: Descriptor;
  Platforms: Platform[];
}

/** What a registry has under a name, without pulling it. Errors: not-found, unauthorized, unavailable. */
export async function inspectDistribution(
  transport: Transport,
  insecureRegistries: readonly string[],
  wanted: Reference,
  auth: Credentials,
  signal: AbortSignal,
): Promise<DistributionInspect> {
  const reference = withDefaultTag(wanted);
  const session = createSession({ domain: reference.domain, credentials: auth, insecureRegistries, transport, signal });
  try {
    const { digest, bytes, mediaType } = await fetchManifest(
      session,
      reference.path,
      reference.digest ?? reference.tag ?? 'latest',
    );
    const document = parseManifest(bytes, mediaType);
    const type = document.kind === 'index' ? document.index.mediaType : document.manifest.mediaType;
    const Platforms =
      document.kind === 'index'
        ? document.index.manifests.flatMap(({ platform }) => (platform === undefined ? [] : [platform]))
        : await platformOf(session, reference.path, document.manifest);
    return { Descriptor: { mediaType: type, digest, size: bytes.byteLength }, Platforms };
  } catch (error) {
    throw translatePullError(error, reference);
  }
}

async function platformOf(session: RegistrySession, repository: string, { config }: Manifest): Promise<Platform[]> {
  // What is no image has no platform to tell.
  if (config.size > CONFIG_LIMIT || !/config|container\.image/.test(config.mediaType)) return [];
  const chunks: Buffer[] = [];
  for await (const chunk of readBlob(session, repository, config)) chunks.push(chunk);
  let document: unknown;
  try {
    document = JSON.parse(Buffer.concat(chunks).toString('utf8'));
  } catch {
    // Not an image configuration: as above.
    return [];
  }
  if (!isObject(document)) return [];
  const { os, architecture, variant } = document;
  if (typeof os !== 'string' || typeof architecture !== 'string') return [];
  return [{ os, architecture, ...(typeof variant === 'string' && variant !== '' ? { variant } : {}) }];
}
