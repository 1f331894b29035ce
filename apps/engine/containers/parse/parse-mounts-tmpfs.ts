import type { MountWish } from '@berth/contract';
import { BerthError } from '@berth/kit';

const DEFAULTS = ['noexec', 'nosuid', 'nodev'];

/** Flags that exclude each other; the later one holds. */
const OPPOSITES: Record<string, string> = {
  ro: 'rw',
  rw: 'ro',
  suid: 'nosuid',
  nosuid: 'suid',
  dev: 'nodev',
  nodev: 'dev',
  exec: 'noexec',
  noexec: 'exec',
  sync: 'async',
  async: 'sync',
  atime: 'noatime',
  noatime: 'atime',
  diratime: 'nodiratime',
  nodiratime: 'diratime',
  relatime: 'norelatime',
  norelatime: 'relatime',
  strictatime: 'nostrictatime',
  nostrictatime: 'strictatime',
  dirsync: '',
  remount: '',
  mand: 'nomand',
  nomand: 'mand',
  bind: '',
  rbind: '',
  defaults: '',
  private: '',
  rprivate: '',
  shared: '',
  rshared: '',
  slave: '',
  rslave: '',
  unbindable: '',
  runbindable: '',
};

/** Options with a value that the kernel's tmpfs takes. */
const VALUES: Record<string, RegExp> = {
  size: /^\d+[kKmMgG%]?$/,
  mode: /^[0-7]{1,5}$/,
  uid: /^\d{1,10}$/,
  gid: /^\d{1,10}$/,
  nr_inodes: /^\d+[kKmMgG]?$/,
  nr_blocks: /^\d+[kKmMgG]?$/,
  mpol: /^[a-z=:,0-9-]+$/,
};

/**
 * Docker's defaults (noexec, nosuid, nodev) with the wished options over them.
 * Errors: invalid (`Invalid tmpfs option ["x"]`).
 */
export function mergeTmpfsOptions(wished: string[]): string[] {
  const merged = new Map<string, string>();
  for (const option of [...DEFAULTS, ...wished]) {
    const [name = '', ...rest] = option.split('=');
    const value = rest.join('=');
    const valid = rest.length === 0 ? Object.hasOwn(OPPOSITES, name) : VALUES[name]?.test(value);
    if (!valid) throw new BerthError('invalid', `Invalid tmpfs option ["${option}"]`);
    merged.delete(OPPOSITES[name] ?? '');
    merged.delete(name);
    merged.set(name, option);
  }
  merged.delete('defaults');
  return [...merged.values()];
}

/** The options of a `--mount type=tmpfs`. `wrong` makes the error of a reason. */
export function tmpfsOptionsOf(wish: MountWish, wrong: (reason: string) => BerthError): string[] {
  const { SizeBytes = 0, Mode = 0, Options = [] } = wish.TmpfsOptions ?? {};
  if (SizeBytes < 0) throw wrong('TmpfsOptions.SizeBytes must not be negative');
  if (Mode < 0 || Mode > 0o7777) throw wrong(`TmpfsOptions.Mode out of range: ${Mode}`);
  const wished = wish.ReadOnly ? ['ro'] : [];
  if (Mode !== 0) wished.push(`mode=${Mode.toString(8)}`);
  if (SizeBytes !== 0) wished.push(`size=${SizeBytes}`);
  for (const option of Options) {
    if (option.length < 1 || option.length > 2) throw wrong('invalid option array length');
    if (option[0] !== 'exec' && option[0] !== 'noexec') throw wrong(`invalid option: ${option[0]}`);
    wished.push(option.join('='));
  }
  return mergeTmpfsOptions(wished);
}
