import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { BerthError } from '@berth/kit';

/**
 * Sets a kernel setting (`net/ipv4/ip_forward`) in the namespace of the calling thread. Writes only what differs: some
 * hosts have /proc/sys read-only with the right values in it. IPv6 settings of a kernel without IPv6 are passed over.
 */
export function writeSysctl(key: string, value: string): void {
  const path = `/proc/sys/${key}`;
  if (key.startsWith('net/ipv6/') && !existsSync(path)) return;
  if (existsSync(path) && readFileSync(path, 'utf8').trim() === value) return;
  try {
    writeFileSync(path, value);
  } catch (cause) {
    throw new BerthError('unavailable', `cannot set ${key.replaceAll('/', '.')} to ${value}`, {
      hint: 'The engine needs root and a writable /proc/sys to connect containers.',
      cause,
    });
  }
}
