import type { DeviceRequest, HostConfig, RestartPolicy, Ulimit } from '@berth/contract';
import { BerthError } from '@berth/kit';
import type { DeviceWish, Service } from '../model.ts';

const bytes = (text: string | undefined) => (text === undefined ? undefined : Number(text));

/** Limits and devices. Those of `deploy.resources` win. */
export function resources(service: Service): Partial<HostConfig> {
  const { limits, reservations } = service.deploy?.resources ?? {};
  const cpus = limits?.cpus ?? service.cpus;
  const { blkio_config: blkio } = service;
  const rates = (list: { path: string; rate: string }[] | undefined) =>
    list?.map(({ path, rate }) => ({ Path: path, Rate: Number(rate) })) ?? null;
  const requests = [
    ...(service.gpus ?? []).map((wish) => gpuRequest(wish, true)),
    ...(reservations?.devices ?? []).map((wish) => gpuRequest(wish, false)),
  ];
  const { cdi, plain } = devices(service);
  return defined({
    CpuShares: service.cpu_shares,
    CpuPeriod: service.cpu_period,
    CpuQuota: service.cpu_quota,
    CpuRealtimePeriod: service.cpu_rt_period,
    CpuRealtimeRuntime: service.cpu_rt_runtime,
    CpusetCpus: service.cpuset,
    CpuCount: service.cpu_count,
    CpuPercent: service.cpu_percent,
    NanoCpus: cpus === undefined ? undefined : Math.round(cpus * 1e9),
    Memory: bytes(limits?.memory ?? service.mem_limit),
    MemoryReservation: bytes(reservations?.memory ?? service.mem_reservation),
    MemorySwap: bytes(service.memswap_limit),
    MemorySwappiness: service.mem_swappiness,
    OomKillDisable: service.oom_kill_disable,
    OomScoreAdj: service.oom_score_adj,
    PidsLimit: limits?.pids ?? service.pids_limit,
    CgroupParent: service.cgroup_parent,
    BlkioWeight: blkio?.weight,
    BlkioWeightDevice: blkio?.weight_device?.map(({ path, weight }) => ({ Path: path, Weight: weight })),
    BlkioDeviceReadBps: blkio && rates(blkio.device_read_bps),
    BlkioDeviceWriteBps: blkio && rates(blkio.device_write_bps),
    BlkioDeviceReadIOps: blkio && rates(blkio.device_read_iops),
    BlkioDeviceWriteIOps: blkio && rates(blkio.device_write_iops),
    Devices: plain.length ? plain : undefined,
    DeviceCgroupRules: service.device_cgroup_rules,
    DeviceRequests: requests.length + cdi.length ? [...requests, ...cdi] : undefined,
    Ulimits: service.ulimits && ulimits(service.ulimits),
  });
}

function devices({ devices: list = [] }: Service): { plain: NonNullable<HostConfig['Devices']>; cdi: DeviceRequest[] } {
  const isCdi = (source: string) => /^[\w.-]+\/[\w.-]+=.+$/.test(source);
  const names = list.map(({ source }) => source).filter(isCdi);
  return {
    plain: list
      .filter(({ source }) => !isCdi(source))
      .map(({ source, target, permissions }) => ({
        PathOnHost: source,
        PathInContainer: target || source,
        CgroupPermissions: permissions ?? 'rwm',
      })),
    cdi: names.length ? [{ Driver: 'cdi', Count: 0, DeviceIDs: names, Capabilities: null, Options: {} }] : [],
  };
}

function gpuRequest(
  { driver, count, device_ids: ids, capabilities = [], options }: DeviceWish,
  isGpu: boolean,
): DeviceRequest {
  if (count !== undefined && ids) throw new BerthError('invalid', '"count" and "device_ids" attributes are exclusive');
  const all = isGpu && !capabilities.includes('gpu') ? [...capabilities, 'gpu'] : capabilities;
  return {
    Driver: driver ?? '',
    Count: ids ? 0 : (count ?? -1),
    DeviceIDs: ids ?? null,
    Capabilities: [all],
    Options: options ?? {},
  };
}

export function ulimits(limits: NonNullable<Service['ulimits']>): Ulimit[] {
  return Object.entries(limits)
    .map(([name, limit]) => {
      const { soft, hard } = typeof limit === 'number' ? { soft: limit, hard: limit } : limit;
      return { Name: name, Soft: soft, Hard: hard };
    })
    .sort((a, b) => (a.Name < b.Name ? -1 : 1));
}

/** `restart`, else `deploy.restart_policy`. */
export function restartPolicy({ restart, deploy }: Service): RestartPolicy | undefined {
  if (restart !== undefined) {
    const [name = '', count] = restart.split(':');
    const names = ['no', 'always', 'unless-stopped', 'on-failure', ''];
    if (!names.includes(name) || (count !== undefined && (name !== 'on-failure' || !/^\d+$/.test(count))))
      throw new BerthError('invalid', `invalid restart policy: ${restart}`, {
        hint: 'Accepted are no, always, unless-stopped, on-failure and on-failure:N.',
      });
    return { Name: name as RestartPolicy['Name'], MaximumRetryCount: Number(count ?? 0) };
  }
  const policy = deploy?.restart_policy;
  if (!policy) return undefined;
  const { condition = 'any', max_attempts: attempts = 0 } = policy;
  if (condition === 'none') return { Name: 'no', MaximumRetryCount: 0 };
  if (condition === 'on-failure') return { Name: 'on-failure', MaximumRetryCount: attempts };
  return { Name: attempts > 0 ? 'on-failure' : 'unless-stopped', MaximumRetryCount: attempts };
}

/** Without the fields that are undefined. */
export function defined<T extends object>(value: { [K in keyof T]?: T[K] | undefined | null }): Partial<T> {
  const entries = Object.entries(value).filter(([, field]) => field !== undefined && field !== null);
  return Object.fromEntries(entries) as Partial<T>;
}
