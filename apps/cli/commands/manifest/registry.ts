import { BerthError, isBerthError } from '@berth/kit';
import {
  canonicalString,
  createSession,
  createTransport,
  type Descriptor,
  fetchManifest,
  isObject,
  type Manifest,
  parseDescriptor,
  parseManifest,
  type Reference,
  type RegistrySession,
  readBlob,
} from '@berth/oci';
import { CliError } from '../../cli-error.ts';
import type { Context } from '../../context.ts';
import { credentialsFor } from '../registry/credentials.ts';
import type { KnownManifest } from './local-lists.ts';

/** Longest configuration that is read for its platform, in bytes. */
const CONFIG_LIMIT = 4 * 1024 * 1024;

/** Lends a conversation with the registry of a name, which ends with `work`. `insecure` allows plain HTTP. */
export async function withRegistry<T>(
  context: Context,
  { domain }: Reference,
  insecure: boolean,
  work: (session: RegistrySession) => Promise<T>,
): Promise<T> {
  const transport = createTransport({ userAgent: 'berth-client', env: { ...context.env } });
  const { username, password, identitytoken, registrytoken } = await credentialsFor(context, domain);
  const session = createSession({
    domain,
    transport,
    credentials: {
      ...(username && { username }),
      ...(password && { password }),
      ...(identitytoken && { identityToken: identitytoken }),
      ...(registrytoken && { registryToken: registrytoken }),
    },
    insecureRegistries: insecure ? [domain] : [],
  });
  try {
    return await work(session);
  } finally {
    transport.close();
  }
}

/** What a registry has under a name: one manifest, or those of a list. Throws `no such manifest: REF`. */
export async function fetchKnown(
  session: RegistrySession,
  reference: Reference,
): Promise<{ manifest: KnownManifest } | { list: KnownManifest[] }> {
  const { document, ...fetched } = await fetchDocument(session, reference);
  if (document.kind === 'index') {
    const list: KnownManifest[] = [];
    for (const descriptor of document.index.manifests) {
      const entry = { ...reference, digest: descriptor.digest };
      const { bytes, document: own, mediaType } = await fetchDocument(session, entry);
      if (own.kind === 'index') throw new CliError(`${canonicalString(entry)} is a manifest list`);
      const { digest, size, platform } = descriptor;
      list.push({ reference: entry, descriptor: { mediaType, digest, size, ...(platform && { platform }) }, bytes });
    }
    return { list };
  }
  const { bytes, digest, mediaType } = fetched;
  const platform = await platformOf(session, reference.path, document.manifest);
  const descriptor = { mediaType, digest, size: bytes.length, ...(platform && { platform }) };
  return { manifest: { reference, descriptor, bytes } };
}

async function fetchDocument(session: RegistrySession, reference: Reference) {
  try {
    const tagOrDigest = reference.digest ?? reference.tag ?? 'latest';
    const { bytes, digest, mediaType: said } = await fetchManifest(session, reference.path, tagOrDigest);
    const document = parseManifest(bytes, said);
    const mediaType = document.kind === 'index' ? document.index.mediaType : document.manifest.mediaType;
    return { bytes, digest, mediaType, document };
  } catch (error) {
    if (isBerthError(error, 'not-found')) throw new CliError(`no such manifest: ${canonicalString(reference)}`);
    throw error;
  }
}

/** What the image is for; undefined for what is no image. */
async function platformOf(session: RegistrySession, repository: string, { config }: Manifest) {
  if (config.size > CONFIG_LIMIT) throw new BerthError('invalid', `image configuration ${config.digest} is too large`);
  const pieces: Buffer[] = [];
  for await (const piece of readBlob(session, repository, config)) pieces.push(piece);
  let document: unknown;
  try {
    document = JSON.parse(Buffer.concat(pieces).toString());
  } catch {
    return undefined;
  }
  if (!isObject(document) || typeof document.os !== 'string' || typeof document.architecture !== 'string')
    return undefined;
  // Checked as descriptors are: it is going to be part of one.
  const described: Descriptor = parseDescriptor({ ...config, platform: document }, 'image configuration');
  return described.platform;
}
