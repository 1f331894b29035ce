import { isIP } from 'node:net';
import type { HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';
import type { PortWish } from '../../networks/model.ts';

/** A port inside the container. */
export interface ContainerPort {
  port: number;
  protocol: PortWish['protocol'];
}

/**
 * What is to be published: the bindings, and with PublishAllPorts every exposed port that has none. Wishes for a
 * certain host port come first, so that a port chosen at random never takes one of them.
 * Errors: invalid (`invalid port specification: "x"`, `invalid IP address: x`).
 */
export function parsePorts(
  hostConfig: Pick<HostConfig, 'PortBindings' | 'PublishAllPorts'>,
  exposedPorts: Record<string, object> | undefined,
): PortWish[] {
  const wishes: PortWish[] = [];
  const bound = new Set<string>();
  for (const [key, bindings] of Object.entries(hostConfig.PortBindings)) {
    for (const { port, protocol } of parseContainerPorts(key)) {
      bound.add(`${port}/${protocol}`);
      // An empty list asks for one port chosen at random, as it does for Docker up to API 1.52.
      for (const { HostIp, HostPort } of bindings.length > 0 ? bindings : [{ HostIp: '', HostPort: '' }]) {
        const [hostPort, hostPortEnd] = parseHostPort(HostPort);
        wishes.push({ containerPort: port, protocol, hostIp: parseHostIp(HostIp), hostPort, hostPortEnd });
      }
      if (wishes.length > MAX_PORTS) throw new BerthError('invalid', 'too many port bindings');
    }
  }
  for (const { port, protocol } of expandPorts(Object.keys(exposedPorts ?? {}))) {
    if (!hostConfig.PublishAllPorts || bound.has(`${port}/${protocol}`)) continue;
    wishes.push({ containerPort: port, protocol, hostIp: '', hostPort: 0, hostPortEnd: 0 });
  }
  return wishes.sort(
    (a, b) => Number(a.hostPort === 0) - Number(b.hostPort === 0) || a.containerPort - b.containerPort,
  );
}

/** All ports there are, of three protocols: what is more repeats itself, and only costs memory. */
const MAX_PORTS = 3 * 65535;

/** The ports of several specifications. Errors: invalid (`invalid port specification: "x"`, too many). */
export function expandPorts(specifications: readonly string[]): ContainerPort[] {
  const ports: ContainerPort[] = [];
  for (const specification of specifications) {
    ports.push(...parseContainerPorts(specification));
    if (ports.length > MAX_PORTS) throw new BerthError('invalid', 'too many ports: ranges overlap');
  }
  return ports;
}

/** `80`, `80/udp`, `8000-8010/tcp`. Errors: invalid (`invalid port specification: "x"`). */
function parseContainerPorts(specification: string): ContainerPort[] {
  const [range = '', protocol = 'tcp', ...rest] = specification.toLowerCase().split('/');
  if ((protocol !== 'tcp' && protocol !== 'udp' && protocol !== 'sctp') || rest.length > 0) throw wrong(specification);
  const [first, last] = parseRange(range, specification);
  if (first === 0) throw wrong(specification);
  return Array.from({ length: last - first + 1 }, (_, index) => ({ port: first + index, protocol }));
}

function parseHostPort(specification: string): [number, number] {
  return specification === '' ? [0, 0] : parseRange(specification.replace(/\/(tcp|udp|sctp)$/, ''), specification);
}

function parseRange(range: string, specification: string): [number, number] {
  const match = /^(\d{1,5})(?:-(\d{1,5}))?$/.exec(range);
  if (!match) throw wrong(specification);
  const first = Number(match[1]);
  const last = match[2] === undefined ? first : Number(match[2]);
  if (first > last || last > 65535) throw wrong(specification);
  return [first, last];
}

function parseHostIp(address: string): string {
  const bare = address.startsWith('[') && address.endsWith(']') ? address.slice(1, -1) : address;
  if (bare !== '' && isIP(bare) === 0) throw new BerthError('invalid', `invalid IP address: ${address}`);
  return bare;
}

function wrong(specification: string): BerthError {
  return new BerthError('invalid', `invalid port specification: ${JSON.stringify(specification)}`, {
    hint: 'A port is a number from 1 to 65535 with an optional protocol (tcp, udp or sctp), for example "8080/tcp".',
  });
}
