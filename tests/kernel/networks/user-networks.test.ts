import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from './support/engine.ts';
import type { Peer } from './support/peer.ts';
import type { Remote } from './support/rpc.ts';
import { type Container, publish, World } from './support/world.ts';

/** Long enough for an answer on a busy machine; what must not answer is waited for shorter. */
const LONG = 5000;
const SHORT = 300;
const BRIDGE = 'com.docker.network.bridge.';

/** The networks of this little world: name and what is special about it. */
const NETWORKS: [string, object][] = [
  ['front', { EnableIPv6: true }],
  ['back', {}],
  ['inner', { Internal: true }],
  ['apart', { Options: { [`${BRIDGE}enable_icc`]: 'false' } }],
  ['routed', { Options: { [`${BRIDGE}gateway_mode_ipv4`]: 'routed' } }],
  ['bare', { Options: { [`${BRIDGE}gateway_mode_ipv4`]: 'nat-unprotected' } }],
  ['sealed', { Internal: true, Options: { [`${BRIDGE}gateway_mode_ipv4`]: 'isolated' } }],
  ['six', { EnableIPv4: false, EnableIPv6: true }],
];

describe('who reaches whom on networks of users', () => {
  let world: World;
  let engine: Remote<Engine>;
  const containers = new Map<string, Container>();
  const peers = new Map<string, Remote<Peer>>();
  const at = (name: string) => peers.get(name)!;
  const endpoint = (name: string) => containers.get(name)!.sandbox.endpoints[0]!;
  const ip = (name: string) => endpoint(name).ipAddress;
  const ip6 = (name: string) => endpoint(name).ipv6Address;

  beforeAll(async () => {
    world = await World.create();
    engine = await world.engine();
    await engine.call('start');
    await engine.call('reconcile', []);
    await world.runOutside('ip', 'route', 'add', 'fd00::/8', 'via', world.hostAddress6);
    for (const [Name, wish] of NETWORKS) {
      await engine.call('create', { Name, ...wish });
      for (const name of [Name, `${Name}2`]) {
        const ports = name === 'front' ? [publish(8080, 80)] : name === 'routed' ? [publish(8090, 80)] : [];
        const six = name === 'six' ? [publish(8086, 80, { hostIp: '::' })] : ports;
        containers.set(name, await world.join(engine, name, [Name], six));
      }
      for (const name of Name === 'back' || Name === 'bare' ? [Name] : [Name, `${Name}2`]) {
        const peer = await world.peer(containers.get(name)!.sandbox.namespacePath!);
        peers.set(name, peer);
        await peer.call('serveTcp', 80, name);
        await peer.call('serveTcp', 81, name);
      }
    }
    await world.outside.call('serveTcp', 7000, 'outside');
    await world.host.call('serveTcp', 7001, 'host');
  });
  afterAll(() => world.close());

  type From = () => Remote<Peer>;
  const outside: From = () => world.outside;
  const host: From = () => world.host;
  const within =
    (name: string): From =>
    () =>
      at(name);

  const reached: [string, From, () => string, number, RegExp][] = [
    ['another of the same network', within('front2'), () => ip('front'), 80, /^front /],
    ['another of the same network by IPv6', within('front2'), () => ip6('front'), 80, /^front /],
    ['another of the same internal network', within('inner2'), () => ip('inner'), 80, /^inner /],
    ['another of the same sealed network', within('sealed2'), () => ip('sealed'), 80, /^sealed /],
    ['another of a network of IPv6 alone', within('six2'), () => ip6('six'), 80, /^six /],
    [
      'outside from a network of a user',
      within('back'),
      () => world.outsideAddress,
      7000,
      /^outside 192\.168\.213\.1$/,
    ],
    ['outside by IPv6, with the address of the host', within('front'), () => 'fd13::2', 7000, /^outside fd13::1$/],
    [
      'outside from a routed network, with its own address',
      within('routed'),
      () => world.outsideAddress,
      7000,
      /^outside 172\./,
    ],
    ['a published port, from outside', outside, () => world.hostAddress, 8080, /^front 192\.168\.213\.2$/],
    [
      'a published port, from outside by IPv6, with its address',
      outside,
      () => world.hostAddress6,
      8080,
      /^front fd13::2$/,
    ],
    ['a published port, from the host by ::1', host, () => '::1', 8080, /^front /],
    ['a published port, from another network', within('back'), () => world.hostAddress, 8080, /^front /],
    ['a published port of IPv6 alone, from outside', outside, () => world.hostAddress6, 8086, /^six fd13::2$/],
    ['a published port of IPv6 alone, from the host by ::1', host, () => '::1', 8086, /^six /],
    ['a published port of a routed network, directly from outside', outside, () => ip('routed'), 80, /^routed /],
    ['any port of an unprotected network from outside', outside, () => ip('bare'), 81, /^bare /],
    ['an internal network, from the host', host, () => ip('inner'), 80, /^inner /],
    ['the host, from an internal network', within('inner'), () => ip('inner').replace(/\d+$/, '1'), 7001, /^host /],
  ];
  test.each(reached)('reached: %s', async (_, from, to, port, who) => {
    expect(await from().call('tcp', to(), port, LONG)).toMatch(who);
  });

  const unreached: [string, From, () => string, number][] = [
    ['another network', within('back'), () => ip('front'), 80],
    ['another network by IPv6', within('six'), () => ip6('front'), 80],
    ['an internal network from another one', within('back'), () => ip('inner'), 80],
    ['another network from an internal one', within('inner'), () => ip('back'), 80],
    ['outside from an internal network', within('inner'), () => world.outsideAddress, 7000],
    ['a published port from an internal network', within('inner'), () => world.hostAddress, 8080],
    ['outside from a sealed network', within('sealed'), () => world.outsideAddress, 7000],
    ['a neighbour where containers are kept apart', within('apart2'), () => ip('apart'), 80],
    ['a container directly from outside', outside, () => ip('front'), 80],
    ['a container directly from outside by IPv6', outside, () => ip6('front'), 80],
    ['what a routed network does not publish', outside, () => ip('routed'), 81],
    ['a routed port on the host', outside, () => world.hostAddress, 8090],
    ['an internal network from outside', outside, () => ip('inner'), 80],
    ['a sealed network from the host', host, () => ip('sealed'), 80],
  ];
  const closed = () =>
    Promise.all(
      unreached.map(async ([what, from, to, port]) => [what, await from().call('tcp', to(), port, SHORT)] as const),
    );
  test('not reached', async () => {
    for (const [what, answer] of await closed()) expect(answer, what).not.toMatch(/^[a-z]+2? [\d.:a-f]+$/);
  });

  test('an IPv4 network has no IPv6 on its links, on either side', async () => {
    const inside = await world.run(
      'nsenter',
      `--net=${containers.get('back')!.sandbox.namespacePath}`,
      'ip',
      '-6',
      'addr',
      'show',
      'eth0',
    );
    expect(inside).toBe('');
    const { Id } = await engine.call('inspect', 'back');
    expect(await world.run('ip', '-6', 'addr', 'show', `br-${Id.slice(0, 12)}`)).toBe('');
  });

  test('links have the MTU of the uplink, or that of the network', async () => {
    await engine.call('create', { Name: 'small', Options: { 'com.docker.network.driver.mtu': '1280' } });
    const { sandbox, containerId } = await world.join(engine, 'little', ['small', 'back']);
    const links = await world.run('nsenter', `--net=${sandbox.namespacePath}`, 'ip', '-o', 'link');
    expect(links).toMatch(/eth0@.* mtu 1280 (.|\n)*eth1@.* mtu 1400 /);
    await engine.call('close', containerId, sandbox);
    await engine.call('remove', 'small');
  });

  test('rules of networks come back when they are flushed, and hold meanwhile and after', async () => {
    const before = await world.run('nft', 'list', 'ruleset');
    await world.run('nft', 'flush', 'ruleset');
    await expect.poll(() => world.run('nft', 'list', 'ruleset'), { timeout: LONG }).toBe(before);
    for (const [what, answer] of await closed()) expect(answer, what).not.toMatch(/^[a-z]+2? [\d.:a-f]+$/);
    expect(await world.outside.call('tcp', world.hostAddress, 8080, LONG)).toMatch(/^front/);
  });

  test('firewalls that drop by policy let the networks pass, in IPv4 and IPv6; what is removed leaves no rule there', async () => {
    for (const family of ['ip', 'ip6'])
      await world.run(
        'nft',
        `add table ${family} filter; add chain ${family} filter FORWARD { type filter hook forward priority 0; policy drop; }`,
      );
    const out = (address: string) => () => at('front').call('tcp', address, 7000, 1000);
    await expect.poll(out(world.outsideAddress), { timeout: LONG }).toMatch(/^outside/);
    await expect.poll(out('fd13::2'), { timeout: LONG }).toMatch(/^outside/);
    expect(await world.outside.call('tcp', world.hostAddress6, 8080, LONG)).toMatch(/^front/);
    await engine.call('create', { Name: 'brief' });
    const rules = async () =>
      `${await world.run('nft', 'list', 'table', 'ip', 'filter')}${await world.run('nft', 'list', 'table', 'ip6', 'filter')}`;
    const { Id } = await engine.call('inspect', 'brief');
    await expect.poll(rules, { timeout: LONG }).toContain(Id.slice(0, 12));
    await engine.call('remove', 'brief');
    expect(await rules()).not.toContain(Id.slice(0, 12));
    for (const family of ['ip', 'ip6']) await world.run('nft', 'delete', 'table', family, 'filter');
  });

  test('the next engine finds networks and containers as they are', async () => {
    const links = (text: string) => text.replace(/qdisc \S+ /g, '');
    const before = [await world.run('nft', 'list', 'ruleset'), links(await world.run('ip', '-o', 'link'))];
    await engine.kill();
    // A network of which only the link is left, and one of which the link is lost.
    await world.run('ip', 'link', 'add', 'br-stray', 'type', 'bridge');
    await world.run(
      'ip',
      'link',
      'set',
      'dev',
      'br-stray',
      'alias',
      `berth ${world.config.nftTable} ${'a'.repeat(64)}`,
    );
    engine = await world.engine();
    await engine.call('start');
    await engine.call('reconcile', [...containers.values()]);
    expect([await world.run('nft', 'list', 'ruleset'), links(await world.run('ip', '-o', 'link'))]).toEqual(before);
    const { Id } = await engine.call('inspect', 'front');
    await engine.kill();
    await world.run('ip', 'link', 'delete', `br-${Id.slice(0, 12)}`);
    engine = await world.engine();
    await engine.call('start');
    await engine.call('reconcile', [...containers.values()]);
    expect(await at('front2').call('tcp', ip('front'), 80, LONG)).toMatch(/^front/);
    expect(await world.outside.call('tcp', world.hostAddress, 8080, LONG)).toMatch(/^front/);
  });

  test('removing all of it leaves nothing', async () => {
    for (const { containerId, sandbox } of containers.values()) await engine.call('close', containerId, sandbox);
    for (const [name] of NETWORKS) await engine.call('remove', name);
    for (const peer of peers.values()) await peer.kill();
    await expect.poll(() => world.run('ip', '-o', 'link'), { timeout: LONG }).not.toMatch(/br-|veth/);
    const sets = await world.run('nft', 'list', 'table', 'inet', world.config.nftTable);
    expect(sets).not.toMatch(/"br-/);
    await expect.poll(() => world.resolvers(), { timeout: LONG }).toEqual([]);
  });
});
