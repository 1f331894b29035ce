import { parseSize } from '../../../flags/size.ts';

/** Checks of single flag values. Each returns the value to keep or throws pflag's reason. */

const V4 = /^(?:(?:25[0-5]|2[0-4]\d|1\d\d|[1-9]?\d)(?:\.(?!$)|$)){4}$/;

/** True for an IPv4 or IPv6 address without a zone. */
export function isAddress(text: string): boolean {
  if (V4.test(text)) return true;
  return /^[0-9a-fA-F:.]+$/.test(text) && text.includes(':') && URL.canParse(`http://[${text}]/`);
}

export function checkAddress(text: string): string {
  const trimmed = text.trim();
  if (!isAddress(trimmed)) throw new Error(`IP address is not correctly formatted: ${text}`);
  return trimmed;
}

/** `--attach`: a stream's name in any case. */
export function checkStream(text: string): string {
  const name = text.toLowerCase();
  if (!['stdin', 'stdout', 'stderr'].includes(name)) throw new Error('valid streams are STDIN, STDOUT and STDERR');
  return name;
}

/** `--add-host NAME:IP`, `NAME=IP`, `NAME:host-gateway`; the engine gets `NAME:IP` without brackets. */
export function checkExtraHost(text: string): string {
  const match = /^([^:=]+)[:=](.*)$/s.exec(text);
  const [, name = '', address = ''] = match ?? [];
  if (!match) throw new Error(`bad format for add-host: ${JSON.stringify(text)}`);
  if (address === 'host-gateway') return `${name}:${address}`;
  const bare = address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address;
  if (!isAddress(bare)) throw new Error(`invalid IP address in add-host: ${JSON.stringify(address)}`);
  return `${name}:${bare}`;
}

const SYSCTLS = new Set([
  'kernel.msgmax',
  'kernel.msgmnb',
  'kernel.msgmni',
  'kernel.sem',
  'kernel.shmall',
  'kernel.shmmax',
  'kernel.shmmni',
  'kernel.shm_rmid_forced',
]);

/** Only what belongs to a namespace may be set. */
export function checkSysctl(text: string): string {
  const [name = ''] = text.split('=');
  if (!text.includes('=') || !(SYSCTLS.has(name) || /^(net|fs\.mqueue)\./.test(name)))
    throw new Error(`sysctl '${text}' is not allowed`);
  return text;
}

/** `--link NAME[:ALIAS]` */
export function checkLink(text: string): string {
  if (text === '') throw new Error('empty string specified for links');
  if (text.split(':').length > 2) throw new Error(`bad format for links: ${text}`);
  return text;
}

/** `.` alone removes the search domains. */
export function checkSearchDomain(text: string): string {
  const domain = text.trim();
  if (domain === '.') return domain;
  const valid = /^(?:[a-zA-Z0-9_](?:[a-zA-Z0-9_-]*[a-zA-Z0-9_])?\.?)+$/.test(domain) && /[a-zA-Z]/.test(domain);
  if (!valid || domain.length > 255) throw new Error(`${text} is not a valid domain`);
  return domain;
}

/** `--memory-swap`: a size, or -1 for no limit. */
export function readSwap(text: string): number {
  return text === '-1' ? -1 : parseSize(text);
}

/** `--device-cgroup-rule "c 1:3 rwm"` */
export function checkDeviceRule(text: string): string {
  if (!/^[acb] (?:\d+|\*):(?:\d+|\*) [rwm]{1,3}$/.test(text)) throw new Error(`invalid device cgroup format '${text}'`);
  return text;
}
