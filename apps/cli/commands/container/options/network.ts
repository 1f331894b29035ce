import type { EndpointWish } from '@berth/contract';
import { CliError } from '../../../cli-error.ts';
import { convertScalar } from '../../../flags/convert.ts';
import type { FlagValues } from '../../../flags/values.ts';
import { splitCsv } from './csv.ts';
import { splitPair } from './environment.ts';

/** One `--network`, by its short or long form. */
interface Attachment {
  target: string;
  aliases: string[];
  links: string[];
  ipv4: string;
  ipv6: string;
  linkLocal: string[];
  macAddress: string;
  driverOpts: Record<string, string>;
  gwPriority: number;
}

const newAttachment = (target: string): Attachment => ({
  target,
  aliases: [],
  links: [],
  ipv4: '',
  ipv6: '',
  linkLocal: [],
  macAddress: '',
  driverOpts: {},
  gwPriority: 0,
});

/** `NAME` or `name=NAME,alias=…,ip=…`; throws pflag's reason. */
export function readNetworkFlag(text: string): Attachment {
  if (!/\w+=\w+(,\w+=\w+)*/.test(text)) return newAttachment(text);
  const attachment = newAttachment('');
  for (const field of splitCsv(text)) {
    const equals = field.indexOf('=');
    if (equals < 0) throw new Error(`invalid field ${field}`);
    takeField(attachment, field.slice(0, equals).trim().toLowerCase(), field.slice(equals + 1).trim());
  }
  if (attachment.target === '') throw new Error('network name/id is not specified');
  return attachment;
}

function takeField(attachment: Attachment, key: string, value: string): void {
  if (key === 'name') attachment.target = value;
  else if (key === 'alias') attachment.aliases.push(value);
  else if (key === 'ip') attachment.ipv4 = value;
  else if (key === 'ip6') attachment.ipv6 = value;
  else if (key === 'mac-address') attachment.macAddress = value;
  else if (key === 'link-local-ip') attachment.linkLocal.push(value);
  else if (key === 'driver-opt') {
    const [name, option] = splitPair(value);
    if (!value.includes('=')) throw new Error('invalid key value pair format in driver options');
    attachment.driverOpts[name.trim().toLowerCase()] = option.trim();
  } else if (key === 'gw-priority') attachment.gwPriority = readPriority(value);
  else throw new Error(`invalid field key ${key}`);
}

function readPriority(value: string): number {
  try {
    return Number(convertScalar('int', value));
  } catch {
    throw new Error(`invalid gw-priority (${value}): invalid syntax`);
  }
}

/** NetworkMode and endpoints of all network flags; options outside of `--network` belong to its first network. */
export function readNetworks(flags: FlagValues): { mode: string; endpoints: Record<string, EndpointWish> } {
  const texts = flags.list('network');
  const attachments = texts.map(readNetworkFlag);
  const all = attachments.length ? attachments : [newAttachment('default')];
  const endpoints: Record<string, EndpointWish> = {};
  all.forEach((attachment, index) => {
    if (index === 0) addContainerOptions(attachment, flags);
    const endpoint = toEndpoint(attachment);
    const { target } = attachment;
    if (endpoints[target]) throw new CliError(`network ${JSON.stringify(target)} is specified multiple times`);
    // A single network without options needs no endpoint: older engines want it so.
    if (all.length === 1 && texts.length === 1 && Object.keys(endpoint).length === 0) return;
    endpoints[target] = endpoint;
  });
  const own = all.filter((attachment) => isUserDefined(attachment.target));
  if (own.length > 0 && own.length < all.length)
    throw new CliError('conflicting options: cannot attach both user-defined and non-user-defined network-modes');
  return { mode: all[0]?.target ?? 'default', endpoints };
}

/** Not one of the modes that have a meaning of their own. */
function isUserDefined(name: string): boolean {
  return !['default', 'bridge', 'host', 'none'].includes(name) && !name.startsWith('container:');
}

function addContainerOptions(attachment: Attachment, flags: FlagValues): void {
  const conflict = (what: string) => new CliError(`conflicting options: cannot specify both ${what}`);
  const aliases = flags.list('network-alias');
  if (aliases.length && attachment.aliases.length) throw conflict('--network-alias and per-network alias');
  if (flags.string('ip') && attachment.ipv4) throw conflict('--ip and per-network IPv4 address');
  if (flags.string('ip6') && attachment.ipv6) throw conflict('--ip6 and per-network IPv6 address');
  if (flags.string('mac-address') && attachment.macAddress) throw conflict('--mac-address and per-network MAC address');
  if (flags.list('link-local-ip').length && attachment.linkLocal.length)
    throw conflict('--link-local-ip and per-network link-local IP addresses');
  attachment.aliases.push(...aliases);
  if (isUserDefined(attachment.target)) attachment.links.push(...flags.list('link'));
  attachment.ipv4 ||= flags.string('ip');
  attachment.ipv6 ||= flags.string('ip6');
  attachment.macAddress ||= flags.string('mac-address').trim();
  attachment.linkLocal.push(...flags.list('link-local-ip'));
}

function toEndpoint(attachment: Attachment): EndpointWish {
  const { target, aliases, links, ipv4, ipv6, linkLocal, macAddress, driverOpts, gwPriority } = attachment;
  if (target.trim() === '') throw new CliError('no name set for network');
  if (!isUserDefined(target) && aliases.length)
    throw new CliError('network-scoped aliases are only supported for user-defined networks');
  if (macAddress && !isMac(macAddress)) throw new CliError(`${macAddress} is not a valid mac address`);
  return {
    ...(Object.keys(driverOpts).length && { DriverOpts: driverOpts }),
    ...(gwPriority && { GwPriority: gwPriority }),
    ...(aliases.length && { Aliases: aliases }),
    ...(links.length && { Links: links }),
    ...(macAddress && { MacAddress: macAddress }),
    ...((ipv4 || ipv6 || linkLocal.length) && {
      IPAMConfig: {
        ...(ipv4 && { IPv4Address: ipv4 }),
        ...(ipv6 && { IPv6Address: ipv6 }),
        ...(linkLocal.length && { LinkLocalIPs: linkLocal }),
      },
    }),
  };
}

/** 6, 8 or 20 bytes, separated by `:`, `-` or in groups of four digits by `.`. */
export function isMac(text: string): boolean {
  return /^(?:[0-9a-f]{2}([:-])(?:[0-9a-f]{2}\1){4}(?:[0-9a-f]{2})(?:\1[0-9a-f]{2}\1[0-9a-f]{2})?|(?:[0-9a-f]{4}\.){2,3}[0-9a-f]{4})$/i.test(
    text,
  );
}
