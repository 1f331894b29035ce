import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from './support/engine.ts';
import type { Peer } from './support/peer.ts';
import type { Remote } from './support/rpc.ts';
import { type Container, publish, World } from './support/world.ts';

/** Long enough for an answer on a busy machine; what must not answer is waited for shorter. */
const LONG = 5000;
const SHORT = 300;

describe('who reaches whom', () => {
  let world: World;
  let engine: Remote<Engine>;
  let web: Container;
  let other: Container;
  let inWeb: Remote<Peer>;
  let inOther: Remote<Peer>;
  let gateway: string;
  let address: string;

  beforeAll(async () => {
    world = await World.create();
    engine = await world.engine();
    await engine.call('start');
    await engine.call('reconcile', []);
    web = await world.open(engine, 'web', [
      publish(8080, 80),
      publish(8081, 80, { hostIp: '127.0.0.1' }),
      publish(8082, 80, { hostIp: world.hostAddress }),
      publish(8083, 80, { hostIp: '::1' }),
      publish(5353, 53, { protocol: 'udp' }),
    ]);
    other = await world.open(engine, 'other');
    gateway = web.sandbox.endpoints[0]!.gateway;
    address = web.sandbox.endpoints[0]!.ipAddress;
    inWeb = await world.peer(web.sandbox.namespacePath!);
    inOther = await world.peer(other.sandbox.namespacePath!);
    await inWeb.call('serveTcp', 80, 'web');
    await inWeb.call('serveUdp', 53, 'dns');
    await world.outside.call('serveTcp', 7000, 'outside');
  });
  afterAll(() => world.close());

  const reached: [string, () => Remote<Peer>, () => string, number][] = [
    ['the host by 127.0.0.1', () => world.host, () => '127.0.0.1', 8080],
    ['the host by its address', () => world.host, () => world.hostAddress, 8080],
    ['the host by the gateway', () => world.host, () => gateway, 8080],
    ['the host by ::1', () => world.host, () => '::1', 8080],
    ['the host by its IPv6 address', () => world.host, () => world.hostAddress6, 8080],
    ['the host, directly', () => world.host, () => address, 80],
    ['outside', () => world.outside, () => world.hostAddress, 8080],
    ['outside by IPv6', () => world.outside, () => world.hostAddress6, 8080],
    ['another container, directly', () => inOther, () => address, 80],
    ['another container by the gateway', () => inOther, () => gateway, 8080],
    ['another container by the host address', () => inOther, () => world.hostAddress, 8080],
    ['the container itself by the gateway', () => inWeb, () => gateway, 8080],
    ['the host, published on 127.0.0.1', () => world.host, () => '127.0.0.1', 8081],
    ['outside, published on the host address', () => world.outside, () => world.hostAddress, 8082],
    ['the host, published on ::1', () => world.host, () => '::1', 8083],
  ];
  test.each(reached)('a published port answers %s', async (_, from, to, port) => {
    expect(await from().call('tcp', to(), port, LONG)).toMatch(/^web /);
  });

  const unreached: [string, () => Remote<Peer>, () => string, number][] = [
    ['outside, what is published on 127.0.0.1', () => world.outside, () => world.hostAddress, 8081],
    ['outside, what is published on ::1', () => world.outside, () => world.hostAddress6, 8083],
    ['outside, the container directly', () => world.outside, () => address, 80],
    ['another container, what is published on 127.0.0.1', () => inOther, () => gateway, 8081],
    ['the host by 127.0.0.1, what is published on its address', () => world.host, () => '127.0.0.1', 8082],
  ];
  test.each(unreached)('not reached from %s', async (_, from, to, port) => {
    expect(await from().call('tcp', to(), port, SHORT)).not.toMatch(/^web/);
  });

  test('clients outside keep their address', async () => {
    expect(await world.outside.call('tcp', world.hostAddress, 8080, LONG)).toBe(`web ${world.outsideAddress}`);
  });

  test('containers go out with the address of the host', async () => {
    expect(await inOther.call('tcp', world.outsideAddress, 7000, LONG)).toBe(`outside ${world.hostAddress}`);
  });

  test('loopback services of the host are closed to containers that forge routes', async () => {
    await world.host.call('serveTcp', 9999, 'secret');
    // What a container with CAP_NET_ADMIN can do: send packets for 127.0.0.1 out to the gateway.
    const inside = (...args: string[]) => world.run('nsenter', `--net=${other.sandbox.namespacePath}`, ...args);
    await inside('sysctl', '-qw', 'net.ipv4.conf.all.route_localnet=1');
    await inside('ip', 'address', 'delete', '127.0.0.1/8', 'dev', 'lo');
    await inside('ip', 'route', 'add', '127.0.0.0/8', 'via', gateway);
    expect(await inOther.call('tcp', '127.0.0.1', 9999, SHORT)).toBe('timeout');
  });

  test('UDP by IPv4 and IPv6, several datagrams of one client', async () => {
    for (const [from, to] of [
      [world.host, '127.0.0.1'],
      [world.host, '::1'],
      [world.outside, world.hostAddress],
      [world.outside, world.hostAddress6],
    ] as const) {
      const answers = await from.call('udp', to, 5353, ['a', 'b', 'c'], LONG);
      expect(
        answers.map((answer) => answer.replace(/ .* /, ' ')),
        to,
      ).toEqual(['dns a', 'dns b', 'dns c']);
    }
  });

  test('IPv6 carries many bytes both ways and a half-closed connection', async () => {
    const echo = await world.open(engine, 'echo', [publish(0, 7)]);
    const inEcho = await world.peer(echo.sandbox.namespacePath!);
    await inEcho.call('serveEcho', 7);
    const bytes = 5_000_000;
    expect(await world.outside.call('echo', world.hostAddress6, echo.sandbox.ports[0]!.hostPort, bytes)).toBe(bytes);
    expect(await world.outside.call('echo', world.hostAddress, echo.sandbox.ports[0]!.hostPort, bytes)).toBe(bytes);
    await engine.call('close', echo.containerId, echo.sandbox);
    await inEcho.kill();
  });

  test('links have the MTU of the way out; only loopback has IPv6', async () => {
    const inside = async (...args: string[]) =>
      JSON.parse(await world.run('nsenter', `--net=${web.sandbox.namespacePath}`, 'ip', '-j', ...args));
    const links = (await inside('address')) as {
      ifname: string;
      mtu: number;
      address: string;
      addr_info: { local: string }[];
    }[];
    expect(links.find((link) => link.ifname === 'eth0')).toMatchObject({
      mtu: 1400,
      address: web.sandbox.endpoints[0]!.macAddress,
    });
    expect(links.flatMap((link) => link.addr_info.map((info) => info.local))).toEqual(['127.0.0.1', '::1', address]);
    expect(JSON.parse(await world.run('ip', '-j', 'link', 'show', world.config.bridge))[0].mtu).toBe(1400);
  });

  test('the host has no IPv6 on the bridge and its ports, so containers cannot become its router', async () => {
    const links = JSON.parse(await world.run('ip', '-j', 'address')) as {
      ifname: string;
      master?: string;
      addr_info: { family: string }[];
    }[];
    const ours = links.filter((link) => link.ifname === world.config.bridge || link.master === world.config.bridge);
    expect(ours.length).toBeGreaterThanOrEqual(3);
    expect(ours.flatMap((link) => link.addr_info.filter((info) => info.family === 'inet6'))).toEqual([]);
    expect(await world.run('sysctl', '-n', `net.ipv6.conf.${world.config.bridge}.accept_ra`)).toBe('0\n');
  });

  test('inspect names the containers with their addresses', async () => {
    const network = await engine.call('inspect', 'bridge');
    expect(network).toMatchObject({
      Name: 'bridge',
      Driver: 'bridge',
      IPAM: { Config: [{ Subnet: '172.17.0.0/16', Gateway: gateway }] },
    });
    const [endpoint] = web.sandbox.endpoints;
    expect(network.Containers[web.containerId]).toEqual({
      Name: 'web',
      EndpointID: endpoint!.endpointId,
      MacAddress: endpoint!.macAddress,
      IPv4Address: `${address}/16`,
      IPv6Address: '',
    });
    expect(Object.keys(network.Containers)).toContain(other.containerId);
    await engine.call('rename', other.containerId, 'renamed');
    expect((await engine.call('inspect', network.Id.slice(0, 10))).Containers[other.containerId]!.Name).toBe('renamed');
  });
});
