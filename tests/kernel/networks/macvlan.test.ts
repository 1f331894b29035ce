import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from './support/engine.ts';
import type { Peer } from './support/peer.ts';
import type { Remote } from './support/rpc.ts';
import { type Container, publish, World } from './support/world.ts';

const LONG = 5000;
const SHORT = 300;
/** The kernel's own list of what it was built with, where it shows it. */
const has = (symbol: string) => {
  try {
    return new RegExp(` [tT] ${symbol}\\b`).test(readFileSync('/proc/kallsyms', 'utf8'));
  } catch {
    return false;
  }
};

describe.skipIf(!has('macvlan_common_newlink'))('macvlan (skipped where the kernel has none)', () => {
  let world: World;
  let engine: Remote<Engine>;
  const ipam = { Config: [{ Subnet: '192.168.213.0/24', Gateway: '192.168.213.2', IPRange: '192.168.213.64/26' }] };

  beforeAll(async () => {
    world = await World.create();
    engine = await world.engine();
    await engine.call('start');
    await engine.call('reconcile', []);
    await world.outside.call('serveTcp', 7000, 'outside');
  });
  afterAll(() => world.close());

  test('containers are machines of the network that the parent is in', async () => {
    await engine.call('create', { Name: 'lan', Driver: 'macvlan', IPAM: ipam, Options: { parent: 'up0' } });
    const one = await world.join(engine, 'one', ['lan'], [publish(8080, 80)]);
    const two = await world.join(engine, 'two', ['lan']);
    const [inOne, inTwo] = [await world.peer(one.sandbox.namespacePath!), await world.peer(two.sandbox.namespacePath!)];
    await inOne.call('serveTcp', 80, 'one');
    const address = one.sandbox.endpoints[0]!.ipAddress;
    expect(address).toBe('192.168.213.64');
    expect(one.sandbox.ports).toEqual([]); // nothing of the host is in between
    expect(await inOne.call('tcp', world.outsideAddress, 7000, LONG)).toBe(`outside ${address}`);
    expect(await world.outside.call('tcp', address, 80, LONG)).toBe(`one ${world.outsideAddress}`);
    expect(await inTwo.call('tcp', address, 80, LONG)).toMatch(/^one /);
    expect(await inTwo.call('dns', '127.0.0.11', 'one', 'A')).toBe(`code 0 ${address}`);
    // Parent and child do not see each other: that is how the kernel has it.
    expect(await world.host.call('tcp', address, 80, SHORT)).not.toMatch(/^one/);
    const link = await world.run('nsenter', `--net=${one.sandbox.namespacePath}`, 'ip', '-d', 'link', 'show', 'eth0');
    expect(link).toMatch(/mtu 1400/);
    expect(link).toMatch(/macvlan mode bridge/);
    await expect(
      engine.call('create', { Name: 'again', Driver: 'macvlan', Options: { parent: 'up0' } }),
    ).rejects.toThrow('network lan is already using parent interface up0');
    for (const { containerId, sandbox } of [one, two]) await engine.call('close', containerId, sandbox);
    for (const peer of [inOne, inTwo] as Remote<Peer>[]) await peer.kill();
    await engine.call('remove', 'lan');
    expect(await world.run('ip', '-o', 'link', 'show', 'up0')).toContain('up0'); // it was there before
  });

  test('leaving takes the link, whatever the container named it', async () => {
    await engine.call('create', { Name: 'left', Driver: 'macvlan', Internal: true });
    const { containerId, sandbox } = await world.join(engine, 'leaver', ['left']);
    const ip = (...args: string[]) => world.run('nsenter', `--net=${sandbox.namespacePath}`, 'ip', ...args);
    await ip('link', 'set', 'eth0', 'down');
    await ip('link', 'set', 'eth0', 'name', 'hidden');
    const next = await engine.call('detach', containerId, sandbox, sandbox.endpoints[0]!.networkId);
    expect(await ip('-o', 'link')).not.toContain('hidden');
    await engine.call('close', containerId, next);
    await engine.call('remove', 'left');
  });

  test.each(['private', 'vepa', 'passthru'])('mode %s is the kernel’s', async (mode) => {
    const Options = { parent: 'up0', macvlan_mode: mode };
    await engine.call('create', { Name: mode, Driver: 'macvlan', IPAM: ipam, Options });
    // Links of containers that ended a moment ago are still there: passthru is alone on its parent.
    let joined: Container | undefined;
    await expect.poll(async () => (joined = await world.join(engine, mode, [mode])), { timeout: LONG }).toBeDefined();
    const { containerId, sandbox } = joined!;
    const link = await world.run('nsenter', `--net=${sandbox.namespacePath}`, 'ip', '-d', 'link', 'show', 'eth0');
    expect(link).toContain(`macvlan mode ${mode}`);
    await engine.call('close', containerId, sandbox);
    await engine.call('remove', mode);
  });

  test('without a parent: a network that leads nowhere, whose link goes with it', async () => {
    const links = await world.run('ip', '-o', 'link');
    await engine.call('create', { Name: 'alone', Driver: 'macvlan', Internal: true });
    const one = await world.join(engine, 'one', ['alone']);
    const two = await world.join(engine, 'two', ['alone']);
    const [inOne, inTwo] = [await world.peer(one.sandbox.namespacePath!), await world.peer(two.sandbox.namespacePath!)];
    await inOne.call('serveTcp', 80, 'one');
    expect(await inTwo.call('tcp', one.sandbox.endpoints[0]!.ipAddress, 80, LONG)).toMatch(/^one /);
    expect(await inTwo.call('tcp', world.outsideAddress, 7000, SHORT)).toBe('ENETUNREACH');
    for (const { containerId, sandbox } of [one, two]) await engine.call('close', containerId, sandbox);
    for (const peer of [inOne, inTwo] as Remote<Peer>[]) await peer.kill();
    await engine.call('remove', 'alone');
    const names = (text: string) => [...text.matchAll(/^\d+: ([^:@]+)/gm)].map(([, name]) => name);
    await expect.poll(async () => names(await world.run('ip', '-o', 'link')), { timeout: LONG }).toEqual(names(links));
  });

  test('refusals name the reason', async () => {
    const create = (Options: object, Driver = 'macvlan') => engine.call('create', { Name: 'x', Driver, Options });
    await expect(create({ parent: 'lo' })).rejects.toThrow('loopback interface is not a valid macvlan parent link');
    await expect(create({ parent: 'nosuch' })).rejects.toThrow('invalid subinterface vlan name nosuch');
    await expect(create({ parent: 'up0', macvlan_mode: 'x' })).rejects.toThrow(
      "requested macvlan mode 'x' is not valid",
    );
    if (!has('ipvlan_link_new'))
      await expect(create({ parent: 'up0' }, 'ipvlan')).rejects.toMatchObject({ message: 'the kernel has no ipvlan' });
    if (!has('vlan_dev_init'))
      await expect(create({ parent: 'up0.20' })).rejects.toThrow(
        'cannot make up0.20: the kernel has no VLANs (802.1Q)',
      );
    expect((await engine.call('list', { type: ['custom'] })).map(({ Name }) => Name)).toEqual([]);
  });
});

describe.skipIf(!has('ipvlan_link_new'))('ipvlan (skipped where the kernel has none)', () => {
  test.each(['l2', 'l3'])('mode %s: containers are at the address of the parent', async (mode) => {
    const world = await World.create();
    try {
      const engine = await world.engine();
      await engine.call('start');
      await engine.call('reconcile', []);
      await world.outside.call('serveTcp', 7000, 'outside');
      const Config = [{ Subnet: '192.168.213.0/24', Gateway: '192.168.213.2', IPRange: '192.168.213.64/26' }];
      await engine.call('create', {
        ...{ Name: 'ipv', Driver: 'ipvlan', IPAM: { Config }, Options: { parent: 'up0', ipvlan_mode: mode } },
      });
      const { sandbox } = await world.join(engine, 'one', ['ipv']);
      const inside = await world.peer(sandbox.namespacePath!);
      expect(await inside.call('tcp', world.outsideAddress, 7000, LONG)).toBe('outside 192.168.213.64');
    } finally {
      await world.close();
    }
  });
});
