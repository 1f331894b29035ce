import type { HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';

/** Every capability of Linux 6.x, without the CAP_ prefix. */
export const ALL_CAPABILITIES: readonly string[] = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE ' +
  'NET_BROADCAST NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN ' +
  'SYS_BOOT SYS_NICE SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE ' +
  'MAC_ADMIN SYSLOG WAKE_ALARM BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
).split(' ');

const KNOWN = new Set([...ALL_CAPABILITIES, 'ALL']);

/**
 * Brings CapAdd and CapDrop into Docker's normal form (upper case, `CAP_` prefix, sorted, `ALL` alone).
 * Errors: invalid (`invalid capability: "CAP_X"`).
 */
export function checkCapabilities(host: Pick<HostConfig, 'CapAdd' | 'CapDrop'>): void {
  host.CapAdd = normalise(host.CapAdd);
  host.CapDrop = normalise(host.CapDrop);
}

function normalise(names: string[] | null): string[] | null {
  if (!names || names.length === 0) return null;
  const bare = names.map((name) => {
    const capability = name.trim().toUpperCase().replace(/^CAP_/, '');
    if (!KNOWN.has(capability)) throw new BerthError('invalid', `invalid capability: ${JSON.stringify(name)}`);
    return capability;
  });
  if (bare.includes('ALL')) return ['ALL'];
  return [...new Set(bare)].sort().map((capability) => `CAP_${capability}`);
}
