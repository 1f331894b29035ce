import { readFileSync } from 'node:fs';
import { BerthError } from '@berth/kit';

/** All capabilities by number (capabilities(7)). */
const NAMES = (
  'CHOWN DAC_OVERRIDE DAC_READ_SEARCH FOWNER FSETID KILL SETGID SETUID SETPCAP LINUX_IMMUTABLE NET_BIND_SERVICE NET_BROADCAST ' +
  'NET_ADMIN NET_RAW IPC_LOCK IPC_OWNER SYS_MODULE SYS_RAWIO SYS_CHROOT SYS_PTRACE SYS_PACCT SYS_ADMIN SYS_BOOT SYS_NICE ' +
  'SYS_RESOURCE SYS_TIME SYS_TTY_CONFIG MKNOD LEASE AUDIT_WRITE AUDIT_CONTROL SETFCAP MAC_OVERRIDE MAC_ADMIN SYSLOG WAKE_ALARM ' +
  'BLOCK_SUSPEND AUDIT_READ PERFMON BPF CHECKPOINT_RESTORE'
)
  .split(' ')
  .map((name) => `CAP_${name}`);

/** Docker's default set. */
export const DEFAULT_CAPABILITIES =
  'CHOWN DAC_OVERRIDE FSETID FOWNER MKNOD NET_RAW SETGID SETUID SETFCAP SETPCAP NET_BIND_SERVICE SYS_CHROOT KILL AUDIT_WRITE'
    .split(' ')
    .map((name) => `CAP_${name}`);

let bounding: string[] | undefined;

/** Capabilities that this process may hand on at all (bounding set): what it lacks, no container can have. */
export function grantableCapabilities(): string[] {
  if (!bounding) {
    const mask = BigInt(`0x${/^CapBnd:\s*([0-9a-f]+)/m.exec(readFileSync('/proc/self/status', 'latin1'))?.[1] ?? '0'}`);
    bounding = NAMES.filter((_, bit) => (mask >> BigInt(bit)) & 1n);
  }
  return bounding;
}

/**
 * The capabilities of a container. `add` and `drop` hold names with or without `CAP_`, in any case, or `ALL`.
 * Errors: invalid for unknown names; not-supported for one that was asked for by name and that the engine itself lacks.
 */
export function resolveCapabilities(options: {
  add: readonly string[];
  drop: readonly string[];
  privileged: boolean;
}): string[] {
  const grantable = grantableCapabilities();
  if (options.privileged) return [...grantable];
  const add = options.add.map(normalise);
  const drop = new Set(options.drop.map(normalise));
  const base = add.includes('ALL') ? grantable : drop.has('ALL') ? [] : DEFAULT_CAPABILITIES;
  const wanted = new Set([
    ...base.filter((name) => !drop.has(name)),
    ...add.filter((name) => name !== 'ALL' && (drop.has('ALL') || !drop.has(name))),
  ]);
  for (const name of add) {
    if (name !== 'ALL' && !grantable.includes(name)) {
      throw new BerthError(
        'not-supported',
        `cannot add capability ${name}: the engine itself does not have it on this host`,
        {
          hint: 'Run the engine with the full capabilities of root, or leave this capability out.',
        },
      );
    }
  }
  return NAMES.filter((name) => wanted.has(name) && grantable.includes(name));
}

function normalise(name: string): string {
  const upper = name.toUpperCase();
  if (upper === 'ALL') return upper;
  const full = upper.startsWith('CAP_') ? upper : `CAP_${upper}`;
  if (!NAMES.includes(full)) throw new BerthError('invalid', `invalid capability: "${name}"`);
  return full;
}
