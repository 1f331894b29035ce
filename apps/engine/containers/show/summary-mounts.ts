import { createHash } from 'node:crypto';
import { join } from 'node:path';
import type { ContainerRecord } from '../model.ts';
import { parseMounts } from '../parse/parse-mounts.ts';

/** Docker's MountPoint. */
export interface MountSummary {
  Type: string;
  Name?: string;
  Source: string;
  Destination: string;
  Driver?: string;
  Mode: string;
  RW: boolean;
  Propagation: string;
}

/** Where a container's files are kept, asked only when needed. */
export type HomeOf = (record: ContainerRecord) => string;

/**
 * The mounts as `ps` and `inspect` show them. An anonymous volume is a directory of the container, numbered in order
 * below its home; its name is made from container and path. What `--tmpfs` asks for is shown in HostConfig only.
 */
export function mountsOf(record: ContainerRecord, homeOf: HomeOf): MountSummary[] {
  const { id, spec } = record;
  const { Binds, Mounts, Tmpfs } = spec.hostConfig;
  if (!Binds?.length && !Mounts?.length && !Tmpfs && !spec.config.Volumes) return [];
  let volumes = 0;
  return parseMounts({ hostConfig: spec.hostConfig, volumes: spec.config.Volumes }).flatMap((mount): MountSummary[] => {
    const rest = {
      Destination: mount.target,
      Mode: mount.mode,
      RW: !mount.readOnly,
      Propagation: mount.propagation,
    };
    if (mount.type === 'bind') return [{ Type: 'bind', Source: mount.source, ...rest }];
    if (mount.type === 'volume') {
      const Source = join(homeOf(record), 'volumes', String(volumes++));
      return [{ Type: 'volume', Name: volumeName(id, mount.target), Source, Driver: 'local', ...rest }];
    }
    return mount.origin === 'mounts' ? [{ Type: 'tmpfs', Source: '', ...rest }] : [];
  });
}

function volumeName(containerId: string, target: string): string {
  return createHash('sha256').update(`${containerId}:${target}`).digest('hex');
}
