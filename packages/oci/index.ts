export type { BlobStore, BlobStoreOptions, BlobWriter, Expected, PartialWriter } from './blob-store.ts';
export { openBlobStore } from './blob-store.ts';
export type { Descriptor, Platform } from './descriptor.ts';
export { isObject, parseDescriptor } from './descriptor.ts';
export type { Digest } from './digest.ts';
export { digestOf, hexOf, isDigest, parseDigest } from './digest.ts';
export type { Index, Manifest, ManifestDocument } from './manifest.ts';
export { MANIFEST_LIMIT, parseManifest } from './manifest.ts';
export type { Compression } from './media-types.ts';
export { DOCKER, isIndexType, isManifestType, layerCompression, OCI } from './media-types.ts';
export type { Reference } from './reference.ts';
export {
  canonicalName,
  canonicalString,
  familiarName,
  familiarString,
  parseAnyReference,
  parseReference,
  parseTag,
  withDefaultTag,
} from './reference.ts';
export type {
  BlobToRead,
  BlobUpload,
  Credentials,
  Endpoint,
  FetchedManifest,
  ManifestCheck,
  RegistrySession,
  SessionOptions,
  StreamedUpload,
  Transport,
  TransportOptions,
  UploadResult,
  Wait,
} from './registry/index.ts';
export {
  connectionError,
  createSession,
  createTransport,
  endpointsOf,
  fetchManifest,
  isLoopback,
  listTags,
  manifestCheck,
  mirrorEndpoint,
  putManifest,
  readBlob,
  readBlobFrom,
  registryCodeOf,
  resolveManifest,
  uploadBlob,
  uploadStream,
} from './registry/index.ts';
export type { TarEntry, TarEntryInit, TarEvent, TarFile, TarType } from './tar/index.ts';
export { encodeTarFile, encodeTarHeader, readTar, TAR_END, TarParser, tarPadding } from './tar/index.ts';
