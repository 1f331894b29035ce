import type { HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { checkCapabilities } from './parse-create-capabilities.ts';
import { checkLogConfig } from './parse-create-logging.ts';
import { checkSecurityOptions } from './parse-create-security.ts';

/** Size of /dev/shm when nothing is said. */
const DEFAULT_SHM_SIZE = 64 * 1024 * 1024;

const MASKED_PATHS = [
  '/proc/asound',
  '/proc/acpi',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/sys/firmware',
  '/sys/devices/virtual/powercap',
];
const READONLY_PATHS = ['/proc/bus', '/proc/fs', '/proc/irq', '/proc/sys', '/proc/sysrq-trigger'];

/**
 * Checks the host side of a wish except resources and network, and fills its defaults in place.
 * Errors: invalid, with Docker's sentences; not-supported.
 */
export function checkHostConfig(host: HostConfig, options: { cgroupV2: boolean; apparmor: boolean }): void {
  checkRestartPolicy(host);
  checkLogConfig(host);
  checkNamespaces(host, options.cgroupV2);
  checkSecurityOptions(host.SecurityOpt ?? [], options.apparmor);
  checkCapabilities(host);
  checkSysctls(host);
  if (host.ShmSize < 0) throw invalid('SHM size can not be less than 0');
  if (host.ShmSize === 0) host.ShmSize = DEFAULT_SHM_SIZE;
  if (host.OomScoreAdj < -1000 || host.OomScoreAdj > 1000) {
    throw invalid(`Invalid value ${host.OomScoreAdj}, range for oom score adj is [-1000, 1000]`);
  }
  if (host.Isolation !== '' && host.Isolation !== 'default') {
    throw invalid(`invalid isolation mode "${host.Isolation}", linux only supports 'default'`);
  }
  host.MaskedPaths ??= host.Privileged ? null : MASKED_PATHS;
  host.ReadonlyPaths ??= host.Privileged ? null : READONLY_PATHS;
  for (const path of [...(host.MaskedPaths ?? []), ...(host.ReadonlyPaths ?? [])]) {
    if (!path.startsWith('/') || path.includes('\0')) throw invalid(`invalid path: '${path}' must be absolute`);
  }
}

const POLICIES = ['always', 'no', 'on-failure', 'unless-stopped'];

/** Errors: invalid, with Docker's sentences. */
export function checkRestartPolicy(host: HostConfig): void {
  const { Name, MaximumRetryCount } = host.RestartPolicy;
  if (Name === '') host.RestartPolicy = { Name: 'no', MaximumRetryCount: 0 };
  else if (!POLICIES.includes(Name)) {
    throw invalid(
      `invalid restart policy: unknown policy '${Name}'; use one of 'always', 'no', 'on-failure', or 'unless-stopped'`,
    );
  } else if (Name === 'on-failure' && MaximumRetryCount < 0) {
    throw invalid('invalid restart policy: maximum retry count cannot be negative');
  } else if (Name !== 'on-failure' && MaximumRetryCount !== 0) {
    const negative = MaximumRetryCount < 0 ? ' and cannot be negative' : '';
    throw invalid(`invalid restart policy: maximum retry count can only be used with 'on-failure'${negative}`);
  }
  if (host.AutoRemove && host.RestartPolicy.Name !== 'no') {
    throw invalid("can't create 'AutoRemove' container with restart policy");
  }
}

function checkNamespaces(host: HostConfig, cgroupV2: boolean): void {
  if (!/^(|host|container:.+)$/.test(host.PidMode)) throw invalid(`invalid PID mode: ${host.PidMode}`);
  if (!/^(|host)$/.test(host.UTSMode)) throw invalid(`invalid UTS mode: ${host.UTSMode}`);
  if (!/^(|none|private|shareable|host|container:.+)$/.test(host.IpcMode)) {
    throw invalid(`invalid IPC mode: ${host.IpcMode}`);
  }
  if (!/^(|host|private)$/.test(host.CgroupnsMode)) {
    throw invalid(`invalid cgroup namespace mode: ${host.CgroupnsMode}`);
  }
  if (host.UsernsMode !== '' && host.UsernsMode !== 'host')
    throw invalid(`invalid user namespace mode: ${host.UsernsMode}`);
  host.IpcMode ||= 'private';
  host.CgroupnsMode ||= cgroupV2 ? 'private' : 'host';
}

function checkSysctls(host: HostConfig): void {
  for (const [name, value] of Object.entries(host.Sysctls ?? {})) {
    if (!isNamespaced(name)) throw invalid(`sysctl '${name}' is not allowed: only namespaced sysctls can be set`);
    if (/[\0\n]/.test(value)) throw invalid(`invalid value of sysctl '${name}'`);
    if (name.startsWith('net.') && host.NetworkMode === 'host') {
      throw invalid(`sysctl '${name}' not allowed in host network namespace`);
    }
    const ownsIpc = host.IpcMode !== 'host' && !host.IpcMode.startsWith('container:');
    if ((name.startsWith('kernel.') || name.startsWith('fs.')) && !ownsIpc) {
      throw invalid(`sysctl '${name}' not allowed in a shared IPC namespace`);
    }
  }
}

const IPC_SYSCTLS = ['msgmax', 'msgmnb', 'msgmni', 'sem', 'shmall', 'shmmax', 'shmmni', 'shm_rmid_forced'];

/** Whether this kernel parameter belongs to a namespace of the container; the name becomes a path below /proc/sys. */
function isNamespaced(name: string): boolean {
  if (!/^[a-zA-Z0-9_.*/:@-]+$/.test(name) || name.includes('..') || name.split(/[./]/).includes('')) return false;
  return /^(net|fs\.mqueue)\./.test(name) || IPC_SYSCTLS.some((ipc) => name === `kernel.${ipc}`);
}

function invalid(message: string): BerthError {
  return new BerthError('invalid', message);
}
