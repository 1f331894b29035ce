import { failAt, inPlaceOf, mapping, type Node, type Source, scalar, valueText } from '../load/node.ts';
import type { Form } from './forms.ts';

interface Port {
  hostIp: string;
  /** '' is any free port; `8000-9000` any of these. */
  published: string;
  target: number;
  protocol: string;
}

/** More than a host has of all protocols. */
const PORTS_LIMIT = 200_000;

/** Every port by its long form: ranges become one entry per port. */
export const ports: Form = (node, path) => {
  if (node.kind !== 'list') return node;
  const items: Node[] = [];
  for (const [index, item] of node.items.entries()) {
    const at = `${path}.${index}`;
    const text = item.kind === 'scalar' ? valueText(item.value) : '';
    if (item.kind === 'map') items.push(longPort(item, at));
    else for (const port of parsePort(text, item, at)) items.push(portNode(port, item.source));
    if (items.length > PORTS_LIMIT) throw failAt(item.source, `${at}: more than ${PORTS_LIMIT} ports`);
  }
  return inPlaceOf(node, { ...node, items });
};

function portNode(port: Port, source: Source): Node {
  return mapping(source, [
    ['mode', scalar(source, 'ingress')],
    ['host_ip', port.hostIp === '' ? undefined : scalar(source, port.hostIp)],
    ['target', scalar(source, port.target)],
    ['published', port.published === '' ? undefined : scalar(source, port.published)],
    ['protocol', scalar(source, port.protocol)],
  ]);
}

function longPort(node: Node & { kind: 'map' }, path: string): Node {
  const made = { ...node, entries: new Map(node.entries) };
  const at = (key: string, fallback: string) => {
    if (!made.entries.has(key)) made.entries.set(key, scalar(node.source, fallback));
  };
  const target = node.entries.get('target');
  const published = node.entries.get('published');
  if (!target) throw failAt(node.source, `${path}: missing property 'target'`);
  const number = Number(target.kind === 'scalar' ? valueText(target.value) : Number.NaN);
  if (!isPort(number))
    throw failAt(
      target.source,
      `${path}.target: invalid port ${JSON.stringify(target.kind === 'scalar' ? target.value : '')}`,
    );
  made.entries.set('target', inPlaceOf(target, scalar(target.source, number)));
  if (published?.kind === 'scalar') {
    const text = valueText(published.value);
    if (text !== '' && !range(text))
      throw failAt(published.source, `${path}.published: invalid port ${JSON.stringify(text)}`);
    made.entries.set('published', inPlaceOf(published, scalar(published.source, text)));
  }
  at('mode', 'ingress');
  at('protocol', 'tcp');
  return made;
}

/** `[[IP:]HOST:]CONTAINER[/PROTOCOL]`, each port perhaps a range. */
export function parsePort(text: string, node: Node, path: string): Port[] {
  const bad = (reason: string) =>
    failAt(
      node.source,
      `${path}: invalid port ${JSON.stringify(text)}: ${reason}`,
      'Accepted is [[IP:]HOST:]CONTAINER[/PROTOCOL], where HOST and CONTAINER may be ranges: "8080:80", "127.0.0.1:5000-5010:5000-5010/udp".',
    );
  const [, address, protocol = 'tcp'] = /^(.*?)(?:\/(\w+))?$/s.exec(text) ?? [];
  if (address === undefined || !['tcp', 'udp', 'sctp'].includes(protocol.toLowerCase()))
    throw bad(`unknown protocol ${protocol}`);
  const parts = splitParts(address);
  const container = range(parts.container);
  const host = parts.host === '' ? undefined : range(parts.host);
  if (!container) throw bad(`invalid containerPort: ${parts.container}`);
  if (parts.host !== '' && !host) throw bad(`invalid hostPort: ${parts.host}`);
  const [first, last] = container;
  if (host && first !== last && host[1] - host[0] !== last - first) throw bad('the ranges are not of the same length');
  const made: Port[] = [];
  for (let target = first; target <= last; target++) {
    const published = host === undefined ? '' : first === last ? parts.host : String(host[0] + target - first);
    made.push({ hostIp: parts.ip, published, target, protocol: protocol.toLowerCase() });
  }
  return made;
}

function splitParts(address: string): { ip: string; host: string; container: string } {
  const pieces = address.split(':');
  const container = pieces.pop() ?? '';
  const host = pieces.pop() ?? '';
  const ip = pieces.join(':').replace(/^\[(.*)\]$/, '$1');
  return { ip, host, container };
}

function range(text: string): [number, number] | undefined {
  const [, first = '', last = first] = /^(\d+)(?:-(\d+))?$/.exec(text) ?? [];
  const pair: [number, number] = [Number(first), Number(last)];
  return first !== '' && isPort(pair[1]) && pair[0] <= pair[1] ? pair : undefined;
}

function isPort(value: number): boolean {
  return Number.isInteger(value) && value >= 0 && value <= 65_535;
}
