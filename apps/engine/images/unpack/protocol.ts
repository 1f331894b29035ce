import type { ErrorCode } from '@berth/kit';
import type { Compression, Digest } from '@berth/oci';
import type { TreeLimits } from '../../archives/index.ts';
import type { WrittenLayer } from './layer-writer.ts';

/** Bounds of a layer. `maxBytes` goes by the size that others announced; these by what was read of it. */
export interface LayerLimits extends TreeLimits {
  /** What any archive may have without its compression, in bytes. */
  minBytes: number;
  /** How many bytes more for each compressed byte that was read. */
  growth: number;
}

/** From the engine to a worker. */
export type ToWorker =
  | {
      kind: 'unpack';
      /** Empty directory that becomes the layer. */
      directory: string;
      diffId: Digest;
      /** Nothing is written: only the digest is compared. */
      isCheck?: boolean;
      compression: Compression;
      /** The archive is known to have the digest `diffId`: nothing is hashed. */
      isVerified: boolean;
      limits: LayerLimits;
      /** Archive: a file, or what comes through a ring of bytes (archives/byte-ring.ts). */
      source: { path: string } | { ring: SharedArrayBuffer };
    }
  | { kind: 'cancel' };

/** Answer of a worker, one for each `unpack`. */
export type FromWorker =
  | { ok: true; layer: WrittenLayer }
  | { ok: false; code: ErrorCode; message: string; hint: string | undefined };
