import { dataOf, type VolumeContext } from './context.ts';
import type { VolumeRecord } from './model.ts';
import { noSuchVolume } from './remove.ts';

/** Docker's Volume. `UsageData` only where it was counted. */
export interface VolumeResource {
  CreatedAt: string;
  Driver: string;
  Labels: Record<string, string> | null;
  Mountpoint: string;
  Name: string;
  Options: Record<string, string> | null;
  Scope: 'local';
  UsageData?: { RefCount: number; Size: number };
}

export function show({ config }: Pick<VolumeContext, 'config'>, volume: VolumeRecord): VolumeResource {
  return {
    CreatedAt: new Date(volume.createdAt).toISOString().replace(/\.\d+Z$/, 'Z'),
    Driver: volume.driver,
    Labels: volume.labels,
    Mountpoint: dataOf(config, volume.id),
    Name: volume.name,
    Options: volume.options,
    Scope: 'local',
  };
}

/** The volume of a name. Errors: not-found. */
export function find({ store }: Pick<VolumeContext, 'store'>, name: string): VolumeRecord {
  const volume = store.byName(name);
  if (!volume) throw noSuchVolume(name);
  return volume;
}
