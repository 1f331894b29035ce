import type { TypeTexts } from './schema.ts';

/** What `volume inspect` answers, API 1.50; what is of volumes of a swarm is left out. */
export const volumeTypes: TypeTexts = {
  'volume.Volume': `
    CreatedAt string?
    Driver string
    Labels map[string]string
    Mountpoint string
    Name string
    Options map[string]string
    Scope string
    Status map[string]any?
    UsageData *volume.UsageData?`,
  'volume.UsageData': `
    RefCount int64
    Size int64`,
};
