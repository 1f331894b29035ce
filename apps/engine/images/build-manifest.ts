import { type Compression, type Digest, OCI } from '@berth/oci';

/** A layer archive in the blob store. */
export interface LayerBlob {
  digest: Digest;
  /** Bytes as stored. */
  size: number;
  compression: Compression;
}

const LAYER_TYPES: Record<Compression, string> = { none: OCI.layer, gzip: OCI.layerGzip, zstd: OCI.layerZstd };

/** An OCI manifest for content that came without one. */
export function buildManifest(config: { digest: Digest; size: number }, layers: readonly LayerBlob[]): Buffer {
  return Buffer.from(
    JSON.stringify({
      schemaVersion: 2,
      mediaType: OCI.manifest,
      config: { mediaType: OCI.config, digest: config.digest, size: config.size },
      layers: layers.map(({ digest, size, compression }) => ({ mediaType: LAYER_TYPES[compression], digest, size })),
    }),
  );
}
