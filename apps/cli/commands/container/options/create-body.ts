import type { CreateContainerBody } from '@berth/client';
import type { HostConfig } from '@berth/contract';
import { CliError } from '../../../cli-error.ts';
import type { Context } from '../../../context.ts';
import type { FlagValues } from '../../../flags/values.ts';
import { readCapabilities } from './capabilities.ts';
import { readDevices } from './devices.ts';
import { lastOfEach, readEnv, readLabels, readPairs, readStrictPairs } from './environment.ts';
import { readGpuRequest } from './gpus.ts';
import { readHealthcheck } from './health.ts';
import { checkModes, readRestartPolicy } from './modes.ts';
import { readMount } from './mount.ts';
import { isMac, readNetworks } from './network.ts';
import { type PortWishes, readPorts } from './ports.ts';
import { proxyEnv } from './proxies.ts';
import { readResources } from './resources.ts';
import { readSecurity } from './security.ts';
import { readTmpfs, readVolumes, type VolumeWishes } from './volumes.ts';

/** The body of a create call from the flags and arguments of `run` and `create`. Throws CliError with Docker's sentences. */
export function createBody(
  flags: FlagValues,
  args: readonly string[],
  context: Pick<Context, 'env' | 'config' | 'host'>,
): CreateContainerBody {
  const mac = flags.string('mac-address').trim();
  if (mac && !isMac(mac)) throw new CliError(`${flags.string('mac-address')} is not a valid mac address`);
  const swappiness = flags.number('memory-swappiness');
  if (swappiness < -1 || swappiness > 100)
    throw new CliError(`invalid value: ${swappiness}. Valid memory swappiness range is 0-100`);
  const volumes = readVolumes(flags.list('volume'));
  const ports = readPorts(flags.list('publish'), flags.list('expose'));
  const { mode, endpoints } = readNetworks(flags);
  return {
    ...containerPart(flags, args, context, { volumes, ports }),
    HostConfig: hostPart(flags, { volumes, ports, networkMode: mode }),
    NetworkingConfig: { EndpointsConfig: endpoints },
  };
}

/** What several parts need. */
interface Shared {
  volumes: VolumeWishes;
  ports: PortWishes;
}

function containerPart(
  flags: FlagValues,
  args: readonly string[],
  context: Pick<Context, 'env' | 'config' | 'host'>,
  { volumes, ports }: Shared,
): CreateContainerBody {
  const [image = '', ...command] = args;
  const attach = flags.list('attach');
  const stdin = attach.includes('stdin') || flags.bool('interactive');
  const env = readEnv(flags.list('env-file'), lastOfEach(flags.list('env')), context.env);
  const healthcheck = readHealthcheck(flags);
  return {
    Hostname: flags.string('hostname'),
    Domainname: flags.string('domainname'),
    User: flags.string('user'),
    AttachStdin: stdin,
    AttachStdout: attach.length === 0 || attach.includes('stdout'),
    AttachStderr: attach.length === 0 || attach.includes('stderr'),
    ExposedPorts: ports.exposed,
    Tty: flags.bool('tty'),
    OpenStdin: flags.bool('interactive'),
    StdinOnce: flags.bool('interactive') && stdin,
    Env: [...env, ...proxyEnv(context.config, context.host, flags.list('env'))],
    Cmd: command.length ? command : null,
    ...(healthcheck && { Healthcheck: healthcheck }),
    Image: image,
    Volumes: volumes.anonymous,
    WorkingDir: flags.string('workdir'),
    // An empty --entrypoint takes the image's away.
    Entrypoint: flags.changed('entrypoint') ? [flags.string('entrypoint')] : null,
    OnBuild: null,
    Labels: readLabels(flags.list('label-file'), flags.list('label')),
    ...(flags.string('stop-signal') && { StopSignal: flags.string('stop-signal') }),
    ...(flags.changed('stop-timeout') && { StopTimeout: flags.number('stop-timeout') }),
  };
}

function hostPart(
  flags: FlagValues,
  { volumes, ports, networkMode }: Shared & { networkMode: string },
): Partial<HostConfig> {
  const pid = flags.string('pid');
  const uts = flags.string('uts');
  const userns = flags.string('userns');
  const cgroupns = flags.string('cgroupns');
  checkModes({ pid, uts, userns, cgroupns });
  const restart = readRestartPolicy(flags.string('restart'));
  const logging = { Type: flags.string('log-driver'), Config: readPairs(flags.list('log-opt')) };
  if (logging.Type === 'none' && flags.list('log-opt').length)
    throw new CliError(`invalid logging opts for driver ${logging.Type}`);
  const security = readSecurity(flags.list('security-opt'));
  const storage = readStrictPairs(flags.list('storage-opt'), 'invalid storage option');
  if (flags.bool('rm') && restart.Name !== 'no' && restart.Name !== '')
    throw new CliError('conflicting options: cannot specify both --restart and --rm');
  const { devices, cdi } = readDevices(flags.list('device'));
  const requests = flags.list('gpus').map(readGpuRequest);
  if (cdi.length) requests.push({ Driver: 'cdi', Count: 0, DeviceIDs: cdi, Capabilities: null, Options: null });
  const mounts = flags.list('mount').map(readMount);
  return {
    Binds: volumes.binds,
    ContainerIDFile: flags.string('cidfile'),
    LogConfig: logging,
    NetworkMode: networkMode,
    PortBindings: ports.bindings,
    RestartPolicy: restart,
    AutoRemove: flags.bool('rm'),
    VolumeDriver: flags.string('volume-driver'),
    VolumesFrom: flags.list('volumes-from'),
    ...(flags.list('annotation').length && { Annotations: readPairs(flags.list('annotation')) }),
    ...readCapabilities(flags.list('cap-add'), flags.list('cap-drop')),
    CgroupnsMode: cgroupns as HostConfig['CgroupnsMode'],
    Dns: flags.list('dns'),
    DnsOptions: flags.list('dns-option'),
    DnsSearch: flags.list('dns-search'),
    ExtraHosts: flags.list('add-host'),
    GroupAdd: flags.list('group-add'),
    IpcMode: flags.string('ipc'),
    Links: flags.list('link'),
    OomScoreAdj: flags.number('oom-score-adj'),
    PidMode: pid,
    Privileged: flags.bool('privileged'),
    PublishAllPorts: flags.bool('publish-all'),
    ReadonlyRootfs: flags.bool('read-only'),
    SecurityOpt: security.options,
    StorageOpt: storage,
    Tmpfs: readTmpfs(flags.list('tmpfs')),
    UTSMode: uts,
    UsernsMode: userns,
    ShmSize: flags.number('shm-size'),
    Sysctls: readPairs(flags.list('sysctl')),
    Runtime: flags.string('runtime'),
    Isolation: flags.string('isolation'),
    ...readResources(flags),
    Devices: devices,
    ...(requests.length && { DeviceRequests: requests }),
    ...(mounts.length && { Mounts: mounts }),
    // Empty lists, not null: null is the default set of paths.
    MaskedPaths: security.unmasked ? [] : null,
    ReadonlyPaths: security.unmasked ? [] : null,
    ...(flags.changed('init') && { Init: flags.bool('init') }),
  };
}
