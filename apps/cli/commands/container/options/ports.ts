import type { PortBinding } from '@berth/contract';
import { CliError } from '../../../cli-error.ts';
import { isAddress } from './checks.ts';
import { splitCsv } from './csv.ts';

/** Ports of `-p` and `--expose`: what is exposed, and what is published where. Keys are `80/tcp`. */
export interface PortWishes {
  exposed: Record<string, object>;
  bindings: Record<string, PortBinding[]>;
}

const PROTOCOLS = new Set(['tcp', 'udp', 'sctp']);

/** Reads `[[IP:]HOST:]CONTAINER[/PROTO]` with ranges, `published=…,target=…` and `--expose` ranges. */
export function readPorts(publish: readonly string[], expose: readonly string[]): PortWishes {
  const wishes: PortWishes = { exposed: {}, bindings: {} };
  for (const text of publish) addPublished(wishes, text.includes('=') ? fromLongForm(text) : text);
  for (const text of expose) addExposed(wishes, text);
  return wishes;
}

function fromLongForm(text: string): string {
  const fields: Record<string, string> = { protocol: 'tcp' };
  for (const field of splitCsv(text)) {
    const equals = field.indexOf('=');
    if (equals < 1) throw new CliError(`invalid publish opts format (should be name=value but got '${field}')`);
    fields[field.slice(0, equals)] = field.slice(equals + 1);
  }
  return `${fields.published ?? ''}:${fields.target ?? ''}/${fields.protocol}`;
}

function addPublished(wishes: PortWishes, text: string): void {
  const { ip, host, container: rest } = splitAddress(text);
  const { port, protocol } = splitProtocol(rest);
  const address = ip.startsWith('[') && ip.endsWith(']') ? ip.slice(1, -1) : ip;
  if (address !== '' && !isAddress(address)) throw new CliError(`invalid IP address: ${address}`);
  if (port === '') throw new CliError(`no port specified: ${text}<empty>`);
  const inside = range(port) ?? fail(`invalid containerPort: ${port}`);
  const outside = host === '' ? undefined : (range(host) ?? fail(`invalid hostPort: ${host}`));
  const [first, last] = inside;
  if (outside && last - first !== outside[1] - outside[0] && first !== last)
    throw new CliError(`invalid ranges specified for container and host Ports: ${port} and ${host}`);
  if (!PROTOCOLS.has(protocol.toLowerCase())) throw new CliError(`invalid proto: ${protocol}`);
  for (let at = first; at <= last; at++) {
    const key = `${at}/${protocol.toLowerCase()}`;
    wishes.exposed[key] = {};
    const binding = { HostIp: address, HostPort: hostPort(outside, at - first, first === last) };
    wishes.bindings[key] = [...(wishes.bindings[key] ?? []), binding];
  }
}

/** A host range for one container port is a wish for any of them. */
function hostPort(outside: readonly [number, number] | undefined, offset: number, single: boolean): string {
  if (!outside) return '';
  const [first, last] = outside;
  return single && first !== last ? `${first}-${last}` : String(first + offset);
}

function addExposed(wishes: PortWishes, text: string): void {
  if (text.includes(':')) throw new CliError(`invalid port format for --expose: ${text}`);
  const { port, protocol } = splitProtocol(text);
  const ports = range(port);
  if (!ports) throw new CliError(`invalid range format for --expose: ${text}, error: ${rangeReason(port)}`);
  for (let at = ports[0]; at <= ports[1]; at++) wishes.exposed[`${at}/${protocol}`] = {};
}

function splitAddress(text: string): { ip: string; host: string; container: string } {
  const parts = text.split(':');
  const container = parts.pop() ?? '';
  const host = parts.pop() ?? '';
  return { ip: parts.join(':'), host, container };
}

function splitProtocol(text: string): { port: string; protocol: string } {
  const [port = '', protocol] = text.split('/');
  return { port, protocol: port === '' ? '' : protocol || 'tcp' };
}

/** `80` or `80-90`; undefined when it is neither. */
function range(text: string): readonly [number, number] | undefined {
  return rangeReason(text) === undefined ? bounds(text) : undefined;
}

function bounds(text: string): readonly [number, number] {
  const [first = '', last = first] = text.split(/-(.*)/s);
  return [Number(first), Number(last)];
}

function rangeReason(text: string): string | undefined {
  if (text === '') return 'empty string specified for ports.';
  const parts = text.includes('-') ? [text.slice(0, text.indexOf('-')), text.slice(text.indexOf('-') + 1)] : [text];
  for (const part of parts) {
    if (!/^\d+$/.test(part)) return `strconv.ParseUint: parsing ${JSON.stringify(part)}: invalid syntax`;
    if (Number(part) > 65_535) return `strconv.ParseUint: parsing ${JSON.stringify(part)}: value out of range`;
  }
  const [first, last] = bounds(text);
  return last < first ? `invalid range specified for port: ${text}` : undefined;
}

function fail(message: string): never {
  throw new CliError(message);
}
