import { writeFileSync } from 'node:fs';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Engine } from './support/engine.ts';
import type { Remote } from './support/rpc.ts';
import { publish, World } from './support/world.ts';

const LONG = 5000;
const NOTHING = { ports: [], elements: [], namespaces: [], proxies: [] };

describe('sandboxes and the engine that makes them', () => {
  let world: World;
  let engine: Remote<Engine>;

  beforeEach(async () => {
    world = await World.create();
    engine = await world.engine();
    await engine.call('start');
    await engine.call('reconcile', []);
  });
  afterEach(() => world.close());

  test('closing leaves nothing, destroying leaves no link and no table', async () => {
    const links = await world.run('ip', '-o', 'link');
    for (const mode of ['bridge', 'none', 'host', 'default']) {
      const container = await world.open(
        engine,
        `in-${mode}`,
        mode === 'bridge' ? [publish(8080, 80), publish(0, 81, { protocol: 'udp' })] : [],
        mode,
      );
      expect(container.sandbox.namespacePath === undefined).toBe(mode === 'host');
      await engine.call('close', container.containerId, container.sandbox);
      await engine.call('close', container.containerId, container.sandbox); // once more: nothing to do
    }
    expect(await world.leftAtLast()).toEqual(NOTHING);
    expect(await world.run('ip', '-o', 'link')).toBe(links);
    expect(await world.host.call('listen', 8080, '::')).toBe('listening');
    await engine.call('destroy');
    expect(await world.run('nft', 'list', 'ruleset')).toBe('');
    expect(await world.run('ip', '-o', 'link')).not.toContain(world.config.bridge);
  });

  test('events say who joined and left', async () => {
    const { containerId, sandbox } = await world.open(engine, 'web');
    await engine.call('close', containerId, sandbox);
    const attributes = { container: containerId, name: 'bridge', type: 'bridge' };
    const id = sandbox.endpoints[0]!.networkId;
    expect(await engine.call('events')).toEqual([
      ['network', 'connect', id, attributes],
      ['network', 'disconnect', id, attributes],
    ]);
  });

  test('ports outlive a killed engine; the next one adopts them', async () => {
    const web = await world.open(engine, 'web', [publish(8080, 80)]);
    const inside = await world.peer(web.sandbox.namespacePath!);
    await inside.call('serveTcp', 80, 'web');
    await engine.kill();
    const reachable = async () => {
      expect(await world.outside.call('tcp', world.hostAddress, 8080, LONG)).toMatch(/^web/);
      expect(await world.outside.call('tcp', world.hostAddress6, 8080, LONG)).toMatch(/^web/);
      expect(await world.host.call('tcp', '::1', 8080, LONG)).toMatch(/^web/);
    };
    await reachable();
    const [proxy] = world.proxies();
    const before = await world.left();

    const second = await world.engine();
    await second.call('start');
    await second.call('reconcile', [web]);
    await reachable();
    expect(await world.left()).toMatchObject({ ...before, proxies: expect.anything() });
    expect(world.proxies()).toEqual([proxy]);
    // Reserved again, by both ways.
    expect(await world.host.call('listen', 8080, '0.0.0.0')).toBe('EADDRINUSE');
    await expect(world.open(second, 'late', [publish(8080, 80)])).rejects.toThrow(
      'Bind for 0.0.0.0:8080 failed: port is already allocated',
    );
    const next = await world.open(second, 'next');
    expect(next.sandbox.endpoints[0]!.ipAddress).not.toBe(web.sandbox.endpoints[0]!.ipAddress);
    for (const { containerId, sandbox } of [web, next]) await second.call('close', containerId, sandbox);
    await inside.kill();
    expect(await world.leftAtLast()).toEqual(NOTHING);
  });

  test('the next engine removes what no container has', async () => {
    const gone = await world.open(engine, 'gone', [publish(8080, 80)]);
    await engine.kill();
    writeFileSync(`${world.root}/ns/${'f'.repeat(64)}`, ''); // the file of a namespace that was never bound
    await world.run(
      'nft',
      'add',
      'element',
      'inet',
      world.config.nftTable,
      'pub4a',
      '{ 127.0.0.1 . udp . 53 : 172.17.9.9 . 53 }',
    );
    expect((await world.left()).elements).toHaveLength(2);
    const second = await world.engine();
    await second.call('start');
    await second.call('reconcile', []);
    expect(await world.leftAtLast()).toEqual(NOTHING);
    const again = await world.open(second, 'again', [publish(8080, 80)]);
    expect(again.sandbox.ports.map((port) => port.hostIp)).toEqual(['0.0.0.0', '::']);
    const { elements } = await world.left();
    expect(elements).toHaveLength(1);
    await second.call('close', gone.containerId, gone.sandbox); // what is gone takes nothing from the others
    expect((await world.left()).elements).toEqual(elements);
    expect(await world.outside.call('tcp', world.hostAddress6, 8080, LONG)).toBe(''); // its proxy stands
  });

  test('the next engine restores what is missing', async () => {
    const web = await world.open(engine, 'web', [publish(8080, 80)]);
    const inside = await world.peer(web.sandbox.namespacePath!);
    await inside.call('serveTcp', 80, 'web');
    await engine.kill();
    await world.run('nft', 'flush', 'ruleset');
    await world.run('ip', 'link', 'delete', world.config.bridge);
    for (const { pid } of world.proxies()) process.kill(pid, 'SIGKILL');
    const second = await world.engine();
    await second.call('start');
    await second.call('reconcile', [web]);
    expect(await world.outside.call('tcp', world.hostAddress, 8080, LONG)).toMatch(/^web/);
    expect(await world.outside.call('tcp', world.hostAddress6, 8080, LONG)).toMatch(/^web/);
  });

  test('a flushed ruleset comes back by itself', async () => {
    const web = await world.open(engine, 'web', [publish(8080, 80)]);
    const inside = await world.peer(web.sandbox.namespacePath!);
    await inside.call('serveTcp', 80, 'web');
    const before = await world.run('nft', 'list', 'ruleset');
    await world.run('nft', 'flush', 'ruleset');
    await expect.poll(() => world.run('nft', 'list', 'ruleset'), { timeout: LONG }).toBe(before);
    expect(await world.outside.call('tcp', world.hostAddress, 8080, LONG)).toMatch(/^web/);
  });

  test('a killed proxy is started again, also one of an earlier engine', async () => {
    const web = await world.open(engine, 'web', [publish(8080, 80)]);
    const inside = await world.peer(web.sandbox.namespacePath!);
    await inside.call('serveTcp', 80, 'web');
    const killProxy = async () => {
      const { pid } = world.proxies()[0]!;
      process.kill(pid, 'SIGKILL');
      await expect
        .poll(() => world.outside.call('tcp', world.hostAddress6, 8080, LONG), { timeout: LONG })
        .toMatch(/^web/);
      expect(world.proxies().map((proxy) => proxy.pid)).not.toContain(pid);
    };
    await killProxy();
    await engine.kill();
    const second = await world.engine();
    await second.call('start');
    await second.call('reconcile', [web]);
    await killProxy();
    await second.call('close', web.containerId, web.sandbox);
    await expect.poll(() => world.proxies(), { timeout: LONG }).toEqual([]);
  });

  test('a UDP client that never pauses follows the port to the next container and back to the host', async () => {
    const ask = async () =>
      (await world.outside.call('udp', world.hostAddress, 5353, ['x'], 300, 40_000))[0]!.replace(/ .*/, '');
    const serve = async (name: string) => {
      const container = await world.open(engine, name, [publish(5353, 53, { protocol: 'udp', hostIp: '0.0.0.0' })]);
      await (await world.peer(container.sandbox.namespacePath!)).call('serveUdp', 53, name);
      return container;
    };
    const host = await world.peer(`/proc/${world.host.process.pid}/ns/net`);
    await host.call('serveUdp', 5353, 'host');
    await expect.poll(ask, { timeout: LONG }).toBe('host');
    await host.kill();
    const first = await serve('first');
    await expect.poll(ask, { timeout: LONG }).toBe('first');
    await engine.call('close', first.containerId, first.sandbox);
    const second = await serve('second');
    await expect.poll(ask, { timeout: LONG }).toBe('second');
    await engine.call('close', second.containerId, second.sandbox);
    await world.host.call('serveUdp', 5353, 'again');
    await expect.poll(ask, { timeout: LONG }).toBe('again');
  });

  test('containers get out although another program drops forwarded traffic', async () => {
    const { sandbox } = await world.open(engine, 'web');
    const inside = await world.peer(sandbox.namespacePath!);
    await world.outside.call('serveTcp', 7000, 'outside');
    await world.run(
      'nft',
      'add table ip filter; add chain ip filter FORWARD { type filter hook forward priority 0; policy drop; }',
    );
    await expect
      .poll(() => inside.call('tcp', world.outsideAddress, 7000, 1000), { timeout: LONG })
      .toMatch(/^outside/);
    expect(await world.run('iptables', '-S', 'FORWARD')).toContain(`-i ${world.config.bridge}`);
    await engine.call('destroy');
    expect(await world.run('iptables', '-S', 'FORWARD')).toBe('-P FORWARD DROP\n');
  });

  test('the subnet stays the same over restarts and avoids what the host uses', async () => {
    await engine.call('destroy');
    await world.run('ip', 'route', 'add', '172.18.0.0/15', 'via', world.outsideAddress);
    await world.run('ip', 'route', 'add', '172.17.128.0/24', 'via', world.outsideAddress);
    const subnet = async (of: Remote<Engine>) => (await of.call('inspect', 'bridge')).IPAM.Config![0]!.Subnet;
    await engine.call('start');
    expect(await subnet(engine)).toBe('172.20.0.0/16');
    await world.run('ip', 'route', 'delete', '172.17.128.0/24');
    await engine.call('stop');
    await engine.call('start');
    expect(await subnet(engine)).toBe('172.20.0.0/16');
    await expect(
      (await world.engine({ bridgeSubnet: '172.19.3.0/24', bridge: 'tbother' })).call('start'),
    ).rejects.toThrow(/overlaps 172\.18\.0\.0\/15/);
  });

  test('opening and closing takes few milliseconds', async () => {
    await engine.call('time', 5, []); // first calls load code
    const { open, close } = await engine.call('time', 20, []);
    // The least of twenty, whatever else the machine does. 2 and 0.2 on an idle one; a DELLINK or a spawned program
    // anywhere on the way would show.
    expect(Math.min(...open)).toBeLessThan(15);
    expect(Math.min(...close)).toBeLessThan(10);
  });
});
