import type { ErrorCode } from '@berth/kit';
import type { Compression, Digest } from '@berth/oci';
import type { TreeLimits } from '../../archives/index.ts';
import type { WrittenLayer } from './layer-writer.ts';

/** From the engine to a worker. */
export type ToWorker =
  | {
      kind: 'unpack';
      /** Empty directory that becomes the layer. */
      directory: string;
      diffId: Digest;
      compression: Compression;
      /** The archive is known to have the digest `diffId`: nothing is hashed. */
      isVerified: boolean;
      limits: TreeLimits;
      /** Archive: a file, or what comes through a ring of bytes (archives/byte-ring.ts). */
      source: { path: string } | { ring: SharedArrayBuffer };
    }
  | { kind: 'cancel' };

/** Answer of a worker, one for each `unpack`. */
export type FromWorker =
  | { ok: true; layer: WrittenLayer }
  | { ok: false; code: ErrorCode; message: string; hint: string | undefined };
