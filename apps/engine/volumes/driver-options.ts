import { lookup } from 'node:dns/promises';
import { BerthError } from '@berth/kit';
import { MS } from '../linux/mount.ts';

/** A mount that the local driver makes for a volume, ready for mount(2). */
export interface DriverMount {
  type: string;
  device: string;
  flags: number;
  data: string;
}

const KNOWN = new Set(['type', 'device', 'o', 'size']);
/** What each option needs beside it. */
const NEEDS: Record<string, readonly string[]> = { device: ['type'], type: ['device'], o: ['device', 'type'] };

/** Checks the options of a local volume. Errors: invalid, in Docker's words. */
export function checkDriverOptions(name: string, options: Readonly<Record<string, string>>): void {
  const wrong = (reason: string) => new BerthError('invalid', `create ${name}: ${reason}`);
  for (const option of Object.keys(options)) {
    if (!KNOWN.has(option)) throw wrong(`invalid option: ${JSON.stringify(option)}`);
  }
  for (const [option, needed] of Object.entries(NEEDS)) {
    const missing = Object.hasOwn(options, option) ? needed.find((need) => !Object.hasOwn(options, need)) : undefined;
    if (missing !== undefined) throw wrong(`missing required option: ${JSON.stringify(missing)}`);
  }
  if (Object.hasOwn(options, 'size')) throw wrong('quota size requested but no quota support');
  if (Object.values(options).some((value) => value.includes('\0'))) throw wrong('invalid option: a null byte');
}

/** Flag of each mount option; with `clear` the option takes the flag away, as a later word wins over an earlier one. */
const FLAGS: Record<string, { flag: number; clear?: true }> = {
  defaults: { flag: 0 },
  async: { flag: MS.SYNCHRONOUS, clear: true },
  sync: { flag: MS.SYNCHRONOUS },
  atime: { flag: MS.NOATIME, clear: true },
  noatime: { flag: MS.NOATIME },
  bind: { flag: MS.BIND },
  rbind: { flag: MS.BIND | MS.REC },
  dev: { flag: MS.NODEV, clear: true },
  nodev: { flag: MS.NODEV },
  diratime: { flag: MS.NODIRATIME, clear: true },
  nodiratime: { flag: MS.NODIRATIME },
  dirsync: { flag: MS.DIRSYNC },
  exec: { flag: MS.NOEXEC, clear: true },
  noexec: { flag: MS.NOEXEC },
  mand: { flag: MS.MANDLOCK },
  nomand: { flag: MS.MANDLOCK, clear: true },
  relatime: { flag: MS.RELATIME },
  norelatime: { flag: MS.RELATIME, clear: true },
  strictatime: { flag: MS.STRICTATIME },
  nostrictatime: { flag: MS.STRICTATIME, clear: true },
  remount: { flag: MS.REMOUNT },
  ro: { flag: MS.RDONLY },
  rw: { flag: MS.RDONLY, clear: true },
  silent: { flag: MS.SILENT },
  suid: { flag: MS.NOSUID, clear: true },
  nosuid: { flag: MS.NOSUID },
};

/** Options to mount by, or undefined for a volume that is a directory of its own. */
export function driverMountOf(options: Readonly<Record<string, string>> | null): DriverMount | undefined {
  const { type, device, o = '' } = options ?? {};
  if (type === undefined || device === undefined) return undefined;
  const mount: DriverMount = { type, device, flags: 0, data: '' };
  const data: string[] = [];
  for (const word of o.split(',').filter((option) => option !== '')) {
    const known = Object.hasOwn(FLAGS, word) ? FLAGS[word] : undefined;
    if (!known) data.push(word);
    else if (known.clear) mount.flags &= ~known.flag;
    else mount.flags |= known.flag;
  }
  mount.data = data.join(',');
  return mount;
}

/** Values of passwords reach up to the next `name=`: they may have commas. What is hidden too much is only words. */
const SECRET = /(^|,)(pass(?:word)?2?|secret)=.*?(?=,[A-Za-z_]\w*=|$)/gis;

/** Mount data as it may be shown: without the passwords of CIFS and the keys of Ceph. */
export function withoutSecrets(data: string): string {
  return data.replace(SECRET, '$1$2=********');
}

/** The kernel's NFS and CIFS want numbers where people write host names (`addr=`). Errors: invalid (name not found). */
export async function withAddress(mount: DriverMount): Promise<DriverMount> {
  const host = /^(nfs4?|cifs)$/.test(mount.type) ? /(?:^|,)addr=([^,]+)/.exec(mount.data)?.[1] : undefined;
  if (host === undefined || /^[0-9.]+$|:/.test(host)) return mount;
  try {
    const { address } = await lookup(host);
    return { ...mount, data: mount.data.replace(`addr=${host}`, `addr=${address}`) };
  } catch (cause) {
    throw new BerthError('invalid', `error resolving passed in network volume address: lookup ${host}: no such host`, {
      cause,
    });
  }
}
