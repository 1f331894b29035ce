import type { Readable } from 'node:stream';
import type { FilterValues } from '@berth/contract';
import type { CloneOptions, CopyReport } from './clone.ts';
import type { VolumeResource } from './show.ts';
import type { TreeListing } from './tree-protocol.ts';

/** What volumes offer to the API. Answers are Docker's wire types. */
export interface VolumeService {
  /** On disk when it resolves. Errors: invalid, not-found (driver). */
  create(body: CreateVolumeBody): Promise<VolumeResource>;
  /** Errors: invalid (filter). */
  list(filters: FilterValues): VolumeResource[];
  /** Errors: not-found. */
  inspect(name: string): VolumeResource;
  /** On disk when it resolves: it does not come back after a power cut. Errors: not-found, conflict (in use). */
  remove(name: string, options: { force: boolean }): Promise<void>;
  /** Errors: invalid (filter), conflict. */
  prune(filters: FilterValues): Promise<{ VolumesDeleted: string[]; SpaceReclaimed: number }>;
  /** Errors: not-found, invalid, conflict. */
  rename(name: string, wanted: string): Promise<void>;
  clone(name: string, options: CloneOptions): Promise<VolumeResource & { Copy: CopyReport }>;
  snapshot(name: string, options: { name: string; freeze: boolean }): Promise<VolumeResource & { Copy: CopyReport }>;
  /** A tar archive. */
  backup(name: string): Promise<Readable>;
  restore(
    name: string,
    source: { archive: AsyncIterable<Uint8Array> } | { volume: string; freeze: boolean },
  ): Promise<VolumeResource & { Copy?: CopyReport }>;
  files(name: string, options: { path: string; recursive: boolean }): Promise<TreeListing>;
  cat(name: string, path: string): Promise<Readable>;
  /** Volumes that are directories of their own, with sizes and numbers of containers. */
  usage(): Promise<VolumeResource[]>;
}

/** Body of POST /volumes/create as it came; checked by the verb. */
export type CreateVolumeBody = Record<string, unknown>;
