import type { MessagePort } from 'node:worker_threads';
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
      limits: TreeLimits;
      /** Archive: a file, or a port that answers each `more` with a `Feed`. */
      source: { path: string } | { port: MessagePort };
    }
  | { kind: 'cancel' };

/** Answer of a worker, one for each `unpack`. */
export type FromWorker =
  | { ok: true; layer: WrittenLayer }
  | { ok: false; code: ErrorCode; message: string; hint: string | undefined };
