import type { HealthStatus } from '../health/index.ts';
import type { ContainerRecord } from '../model.ts';
import { type MountSummary, mountsOf, type VolumeNames } from './summary-mounts.ts';
import { networksOf, type PortSummary, portsOf } from './summary-network.ts';
import { statusText } from './summary-status.ts';

/** Docker's ContainerSummary, without what depends on the moment or on images. */
export interface StaticSummary {
  Id: string;
  Names: string[];
  ImageID: string;
  Command: string;
  /** Seconds since the epoch. */
  Created: number;
  Ports: PortSummary[];
  Labels: Record<string, string>;
  State: string;
  HostConfig: { NetworkMode: string; Annotations?: Record<string, string> };
  NetworkSettings: { Networks: Record<string, object> };
  Mounts: MountSummary[];
}

export interface ContainerSummary extends StaticSummary {
  Image: string;
  Status: string;
  SizeRw?: number;
  SizeRootFs?: number;
}

/** By record: records are replaced, never changed, so a summary holds as long as its record does. */
const summaries = new WeakMap<ContainerRecord, StaticSummary>();

/** One line of `ps`. `image` is the name to show, `now` in milliseconds. */
export function summarize(
  record: ContainerRecord,
  volumes: VolumeNames,
  image: string,
  now: number,
  health?: HealthStatus,
): ContainerSummary {
  const { Id, Names, ...rest } = staticSummary(record, volumes);
  return { Id, Names, Image: image, ...rest, Status: statusText(record.state, now, health) };
}

/** The part that changes only with the record. */
export function staticSummary(record: ContainerRecord, volumes: VolumeNames): StaticSummary {
  let summary = summaries.get(record);
  if (!summary) {
    summary = makeSummary(record, volumes);
    summaries.set(record, summary);
  }
  return summary;
}

/** Program and arguments of the container's first process. */
export function commandOf({ spec }: ContainerRecord): string[] {
  return [...(spec.config.Entrypoint ?? []), ...(spec.config.Cmd ?? [])];
}

function makeSummary(record: ContainerRecord, volumes: VolumeNames): StaticSummary {
  const { NetworkMode, Annotations } = record.spec.hostConfig;
  const [program = '', ...args] = commandOf(record);
  return {
    Id: record.id,
    Names: [`/${record.name}`],
    ImageID: record.imageId,
    Command: [program, ...args.map((arg) => (arg.includes(' ') ? `'${arg}'` : arg))].join(' '),
    Created: Math.floor(record.createdAt / 1000),
    Ports: portsOf(record),
    Labels: record.spec.config.Labels,
    State: record.state.status,
    HostConfig: { NetworkMode, ...(Annotations && { Annotations }) },
    NetworkSettings: { Networks: networksOf(record) },
    Mounts: mountsOf(record, volumes),
  };
}
