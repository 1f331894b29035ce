import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from './support/engine.ts';
import type { Peer } from './support/peer.ts';
import type { Remote } from './support/rpc.ts';
import { type Container, publish, World } from './support/world.ts';

/**
 * Published ports × who asks × protocol × IPv4 and IPv6 × other firewalls of the host × before and after all rules were
 * flushed: every cell is said here, and looked at.
 *
 * What is meant by it: ports on all addresses or on the host's are reached from everywhere, those on a loopback address
 * only from the host. A firewall that is a chain `FORWARD` of a table `filter` (iptables, ufw, Docker) lets Berth's
 * networks pass, as it does Docker's. Chains of other tables that drop forwarded packets are their owner's word: from
 * outside nothing comes through them, the host itself still reaches its ports. Ports that a program carries (IPv6 of a
 * container that has IPv4 alone) come in by the input chain, and are closed where that is.
 */

type Firewall = 'none' | 'plain' | 'ufw';
type Client = 'outside' | 'host' | 'loopback' | 'container';
type Address = 'all' | 'host' | 'loopback';

const ADDRESSES = ['all', 'host', 'loopback'] as const;
const CLIENTS = ['outside', 'host', 'loopback', 'container'] as const;
const PROTOCOLS = ['tcp', 'udp'] as const;
const FAMILIES = [4, 6] as const;
/** IPv6 by rules (the container has an address of its own), and by a program (it has none). */
const KINDS = ['native', 'carried'] as const;
type Cell = {
  address: Address;
  client: Client;
  protocol: (typeof PROTOCOLS)[number];
  family: 4 | 6;
  kind: (typeof KINDS)[number];
};

function isReached(firewall: Firewall, { address, client, family, kind }: Cell): boolean {
  const bound: Record<Address, readonly Client[]> = {
    all: CLIENTS,
    host: ['outside', 'host', 'container'],
    loopback: ['loopback'],
  };
  if (!bound[address].includes(client)) return false;
  const remote = client === 'outside' || client === 'container';
  // A program carries it: its listener is asked by way of the host's input chain.
  if (family === 6 && kind === 'carried') return firewall === 'none' || !remote;
  // Rules lead it on: the host's forward chains are asked.
  return firewall !== 'plain' || !remote;
}

const FIREWALLS: Record<Firewall, string> = {
  none: '',
  plain: `table inet mine {
    chain input { type filter hook input priority 0; policy drop;
      iifname "lo" accept; ct state established,related accept; icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert } accept; }
    chain forward { type filter hook forward priority 0; policy drop; ct state established,related accept; }
  }`,
  // As ufw sets iptables up: its own chains below INPUT and FORWARD, which drop by policy.
  ufw: ['ip', 'ip6']
    .map(
      (family) => `table ${family} filter {
    chain ufw-before-input { iifname "lo" accept; ct state established,related accept; meta l4proto icmpv6 accept; }
    chain ufw-before-forward { ct state established,related accept; }
    chain INPUT { type filter hook input priority 0; policy drop; jump ufw-before-input; }
    chain FORWARD { type filter hook forward priority 0; policy drop; jump ufw-before-forward; }
  }`,
    )
    .join('\n'),
};

const PORTS: Record<Address, number> = { all: 8100, host: 8200, loopback: 8300 };
const LONG = 5000;
const SHORT = 250;

describe.each(['none', 'plain', 'ufw'] as const)('published ports beside firewall: %s', (firewall) => {
  let world: World;
  let engine: Remote<Engine>;
  const peers = new Map<Client, Remote<Peer>>();
  let neighbour: Container;

  beforeAll(async () => {
    world = await World.create();
    if (FIREWALLS[firewall] !== '') await world.run('nft', FIREWALLS[firewall]);
    engine = await world.engine();
    await engine.call('start');
    await engine.call('reconcile', []);
    await world.runOutside('ip', 'route', 'add', 'fd00::/8', 'via', world.hostAddress6);
    for (const kind of KINDS) {
      await engine.call('create', { Name: kind, EnableIPv6: kind === 'native' });
      const target = await world.join(engine, `web-${kind}`, [kind], portsOf(world, kind));
      const inside = await world.peer(target.sandbox.namespacePath!);
      await inside.call('serveTcp', 80, kind);
      await inside.call('serveUdp', 80, kind);
    }
    await engine.call('create', { Name: 'aside', EnableIPv6: true });
    neighbour = await world.join(engine, 'neighbour', ['aside']);
    peers.set('outside', world.outside).set('host', world.host).set('loopback', world.host);
    peers.set('container', await world.peer(neighbour.sandbox.namespacePath!));
  });
  afterAll(() => world?.close());

  const cells = KINDS.flatMap((kind) =>
    FAMILIES.flatMap((family) =>
      ADDRESSES.flatMap((address) =>
        CLIENTS.flatMap((client) => PROTOCOLS.map((protocol): Cell => ({ kind, family, address, client, protocol }))),
      ),
    ),
  );

  test(`all ${cells.length} cells are as said`, () => check());

  test('and they are again after somebody flushed all rules and the firewall was loaded anew', async () => {
    await world.run('nft', 'flush', 'ruleset');
    if (FIREWALLS[firewall] !== '') await world.run('nft', FIREWALLS[firewall]);
    const web = { kind: 'native', family: 4, address: 'all', client: 'host', protocol: 'tcp' } as const;
    await expect.poll(() => ask(web, 1000), { timeout: LONG }).toMatch(/^native/);
    if (firewall === 'ufw')
      await expect.poll(() => ask({ ...web, client: 'outside' }, 1000), { timeout: LONG }).toMatch(/^native/);
    await check();
  });

  async function check(): Promise<void> {
    const wrong: string[] = [];
    // Those that must not answer are waited for side by side.
    await Promise.all(
      cells.map(async (cell) => {
        const expected = isReached(firewall, cell);
        const answer = await ask(cell, expected ? LONG : SHORT);
        if (answer.startsWith(cell.kind) !== expected)
          wrong.push(`${JSON.stringify(cell)}: ${expected ? 'should be reached' : 'should not be'}: ${answer}`);
      }),
    );
    expect(wrong).toEqual([]);
  }

  async function ask(cell: Cell, patience: number): Promise<string> {
    const port = portOf(cell.kind, cell.address);
    const six = cell.family === 6;
    const target = {
      outside: six ? world.hostAddress6 : world.hostAddress,
      host: six ? world.hostAddress6 : world.hostAddress,
      loopback: six ? '::1' : '127.0.0.1',
      container: six ? world.hostAddress6 : world.hostAddress,
    }[cell.client];
    const peer = peers.get(cell.client)!;
    if (cell.protocol === 'tcp') return peer.call('tcp', target, port, patience);
    // Datagrams get lost, among them those of a new client while the program that carries them makes room for another.
    const rounds = patience === LONG ? 10 : 1;
    for (let round = 1; ; round++) {
      const [answer = ''] = await peer.call('udp', target, port, ['hello'], patience / rounds);
      if (answer !== 'timeout' || round === rounds) return answer;
    }
  }
});

function portsOf(world: World, kind: (typeof KINDS)[number]) {
  return PROTOCOLS.flatMap((protocol) =>
    ADDRESSES.flatMap((address) => {
      const hostIps = { all: [''], host: [world.hostAddress, world.hostAddress6], loopback: ['127.0.0.1', '::1'] };
      return hostIps[address].map((hostIp) => publish(portOf(kind, address), 80, { hostIp, protocol }));
    }),
  );
}

function portOf(kind: (typeof KINDS)[number], address: Address): number {
  return PORTS[address] + KINDS.indexOf(kind);
}
