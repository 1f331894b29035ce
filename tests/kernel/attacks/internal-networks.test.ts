import { readFileSync } from 'node:fs';
import { isIPv4 } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from '../networks/support/engine.ts';
import type { Peer } from '../networks/support/peer.ts';
import type { Remote } from '../networks/support/rpc.ts';
import { type Container, World } from '../networks/support/world.ts';

/** The name server that the resolver will find in the host's resolv.conf; here the attacker's own is put in its place. */
const SERVER = /^\s*nameserver\s+(\S+)/m.exec(readFileSync('/etc/resolv.conf', 'utf8'))?.[1] ?? '8.8.8.8';

describe.skipIf(!isIPv4(SERVER) || SERVER.startsWith('127.'))(
  'names asked for on internal networks (CVE-2024-29018)',
  () => {
    let world: World;
    let engine: Remote<Engine>;
    const peers: Record<string, Remote<Peer>> = {};
    const containers: Record<string, Container> = {};

    beforeAll(async () => {
      world = await World.create();
      engine = await world.engine();
      await engine.call('start');
      await engine.call('reconcile', []);
      await world.runOutside('ip', 'address', 'add', `${SERVER}/32`, 'dev', 'lo');
      await world.outside.call('serveNothing', SERVER);
      await engine.call('create', { Name: 'inner', Internal: true, EnableIPv6: true });
      await engine.call('create', { Name: 'open' });
      for (const [name, networks] of [
        ['spy', ['inner']],
        ['neighbour', ['inner', 'open']],
        ['free', ['open']],
      ] as const) {
        containers[name] = await world.join(engine, name, [...networks]);
        peers[name] = await world.peer(containers[name].sandbox.namespacePath!);
      }
    });
    afterAll(() => world.close());

    test('the server is there: containers with a way out have it asked', async () => {
      expect(await peers['free']!.call('dns', '127.0.0.11', 'secret.free.test', 'A')).toBe('code 3');
      expect(await peers['neighbour']!.call('dns', '127.0.0.11', 'secret.both.test', 'A')).toBe('code 3');
      expect(await world.outside.call('asked')).toEqual(['A secret.free.test', 'A secret.both.test']);
    });

    test('nobody outside is asked for a container that is only in internal networks', async () => {
      const spy = peers['spy']!;
      const address = containers['neighbour']!.sandbox.endpoints[0]!.ipAddress;
      for (const type of ['A', 'AAAA', 'TXT', 'MX'] as const) {
        expect(await spy.call('dns', '127.0.0.11', `secret-${type}.test`, type)).toBe('code 2');
        expect(await spy.call('dns', '127.0.0.11', `secret-${type}-tcp.test`, type, true)).toBe('code 2');
      }
      // By its neighbour, by the gateway, by the server itself.
      for (const server of [address, address.replace(/\d+$/, '1'), SERVER])
        expect(await spy.call('dns', server, 'secret.elsewhere.test', 'A')).toBe('timeout');
      expect(await world.outside.call('asked')).toEqual([]);
      // What its own networks have is answered, of every type, without asking.
      expect(await spy.call('dns', '127.0.0.11', 'neighbour', 'A')).toBe(`code 0 ${address}`);
      expect(await spy.call('dns', '127.0.0.11', 'neighbour', 'TXT')).toBe('code 0');
      expect(await world.outside.call('asked')).toEqual([]);
    });

    test('names of containers are asked for outside by nobody', async () => {
      for (const type of ['A', 'AAAA', 'TXT'] as const)
        await peers['free']!.call('dns', '127.0.0.11', 'neighbour', type);
      expect(await world.outside.call('asked')).toEqual([]);
    });
  },
);
