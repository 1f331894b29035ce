import type { VolumeSource } from '../../volumes/model.ts';
import type { ContainerRecord } from '../model.ts';
import type { MountPoint } from '../parse/parse-mounts.ts';

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

/** What is shown of volumes: their present names, and where their data is. */
export type VolumeNames = Pick<VolumeSource, 'get' | 'pathOf'>;

/** The mounts as `ps` and `inspect` show them. What `--tmpfs` asks for is shown in HostConfig only. */
export function mountsOf({ spec }: ContainerRecord, volumes: VolumeNames): MountSummary[] {
  return spec.mounts.filter(({ origin }) => origin !== 'tmpfs').map((mount) => summaryOf(mount, volumes));
}

function summaryOf(mount: MountPoint, volumes: VolumeNames): MountSummary {
  const { type: Type, id = '', source, target: Destination, mode: Mode, propagation: Propagation } = mount;
  const rest = { Destination, Mode, RW: !mount.readOnly, Propagation };
  if (Type === 'volume') {
    return { Type, Name: volumes.get(id)?.name ?? source, Source: volumes.pathOf(id), ...rest, Driver: 'local' };
  }
  if (Type === 'image') return { Type, Name: source, Source: id, ...rest };
  return { Type, Source: source, ...rest };
}
