import type { FilterValues } from '@berth/contract';
import type { VolumeResource } from './show.ts';

/** What volumes offer to the API. Answers are Docker's wire types. */
export interface VolumeService {
  /** On disk when it resolves. Errors: invalid, not-found (driver). */
  create(body: CreateVolumeBody): Promise<VolumeResource>;
  /** Errors: invalid (filter). */
  list(filters: FilterValues): VolumeResource[];
  /** Errors: not-found. */
  inspect(name: string): VolumeResource;
  /** Errors: not-found, conflict (in use). */
  remove(name: string, options: { force: boolean }): void;
  /** Errors: invalid (filter), conflict. */
  prune(filters: FilterValues): Promise<{ VolumesDeleted: string[]; SpaceReclaimed: number }>;
  /** Volumes that are directories of their own, with sizes and numbers of containers. */
  usage(): Promise<VolumeResource[]>;
}

/** Body of POST /volumes/create as it came; checked by the verb. */
export type CreateVolumeBody = Record<string, unknown>;
