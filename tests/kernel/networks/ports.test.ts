import { existsSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { Engine } from './support/engine.ts';
import type { Remote } from './support/rpc.ts';
import { publish, World } from './support/world.ts';

describe('host ports', () => {
  let world: World;
  let engine: Remote<Engine>;

  beforeAll(async () => {
    world = await World.create();
    engine = await world.engine();
    await engine.call('start');
    await engine.call('reconcile', []);
  });
  afterAll(() => world.close());

  const numbers = (container: { sandbox: { ports: { hostIp: string; hostPort: number }[] } }) =>
    container.sandbox.ports.map((port) => `${port.hostIp} ${port.hostPort}`);

  test('are chosen from the ephemeral range, the same number for IPv4 and IPv6, each only once', async () => {
    const [a, b] = [
      await world.open(engine, 'a', [publish(0, 80)]),
      await world.open(engine, 'b', [publish(0, 80), publish(0, 81)]),
    ];
    expect(numbers(a)).toEqual(['0.0.0.0 32768', ':: 32768']);
    expect(numbers(b)).toEqual(['0.0.0.0 32769', ':: 32769', '0.0.0.0 32770', ':: 32770']);
  });

  test('of a range: the first free one, and an error when none is left', async () => {
    await world.host.call('listen', 8100, '127.0.0.1');
    const wish = publish(8100, 80, { hostPortEnd: 8101 });
    expect(numbers(await world.open(engine, 'a', [wish]))[0]).toBe('0.0.0.0 8101');
    await expect(world.open(engine, 'b', [wish])).rejects.toThrow('all ports are allocated');
  });

  test("of another container: Docker's words, and which container it is; nothing stays behind", async () => {
    const a = await world.open(engine, 'first', [publish(8200, 80)]);
    const before = await world.left();
    for (const hostIp of ['', '127.0.0.1', '0.0.0.0']) {
      const error: { message: string; code: string; hint: string } = await world
        .open(engine, 'second', [publish(8201, 81), publish(8200, 80, { hostIp })])
        .then(
          () => expect.unreachable(),
          (thrown) => thrown,
        );
      expect(error.message).toMatch(
        new RegExp(
          `^driver failed programming external connectivity on endpoint second \\([0-9a-f]{64}\\): Bind for ${hostIp || '0.0.0.0'}:8200 failed: port is already allocated$`,
        ),
      );
      expect(error).toMatchObject({
        code: 'conflict',
        hint: expect.stringContaining(`Container first (${a.containerId.slice(0, 12)})`),
      });
    }
    expect(await world.left()).toEqual(before);
    expect(await world.host.call('listen', 8201, '::')).toBe('listening');
  });

  test('of a host program: which program it is', async () => {
    await world.host.call('listen', 8300, '0.0.0.0');
    const error: { message: string; hint: string } = await world.open(engine, 'web', [publish(8300, 80)]).then(
      () => expect.unreachable(),
      (thrown) => thrown,
    );
    expect(error.message).toMatch(/: failed to bind host port 0\.0\.0\.0:8300\/tcp: address already in use$/);
    expect(error.hint).toContain(`Process ${world.host.process.pid} (`);
  });

  test('are refused to host programs while the container has them', async () => {
    const web = await world.open(engine, 'web', [publish(8400, 80)]);
    for (const address of ['127.0.0.1', '0.0.0.0', '::1', world.hostAddress]) {
      expect(await world.host.call('listen', 8400, address), address).toBe('EADDRINUSE');
    }
    await engine.call('close', web.containerId, web.sandbox);
    expect(await world.host.call('listen', 8400, '::')).toBe('listening');
  });

  test('are free again at once after a host program had connections on them', async () => {
    const holder = await world.peer(`/proc/${world.host.process.pid}/ns/net`);
    await holder.call('serveTcp', 8500, 'holder');
    expect(await world.host.call('tcp', '127.0.0.1', 8500, 5000)).toMatch(/^holder/); // leaves TIME_WAIT behind
    await holder.kill();
    await world.open(engine, 'web', [publish(8500, 80)]);
  });

  test('on an address that the host does not have', async () => {
    const failed = world.open(engine, 'web', [publish(8600, 80, { hostIp: '10.99.99.99' })]);
    await expect(failed).rejects.toThrow(
      'failed to bind host port 10.99.99.99:8600/tcp: cannot assign requested address',
    );
  });

  test('on IPv4 alone where the host has no IPv6', async () => {
    const other = await World.create();
    try {
      await other.run('sysctl', '-qw', 'net.ipv6.conf.all.disable_ipv6=1');
      const plain = await other.engine();
      await plain.call('start');
      expect(numbers(await other.open(plain, 'web', [publish(8080, 80)]))).toEqual(['0.0.0.0 8080']);
    } finally {
      await other.close();
    }
  });

  test.skipIf(existsSync('/proc/net/sctp'))(
    'of SCTP without the kernel having it: on IPv4, by rules alone',
    async () => {
      const sctp = { protocol: 'sctp' } as const;
      expect(numbers(await world.open(engine, 'v4', [publish(9, 9, { ...sctp, hostIp: '0.0.0.0' })]))).toEqual([
        '0.0.0.0 9',
      ]);
      // On all addresses: those that rules can serve.
      expect(numbers(await world.open(engine, 'both', [publish(10, 9, sctp)]))).toEqual(['0.0.0.0 10']);
      const six = publish(11, 9, { ...sctp, hostIp: '::' });
      await expect(world.open(engine, 'six', [six])).rejects.toMatchObject({ code: 'not-supported' });
    },
  );

  test('are not even looked at when the MAC address is wrong', async () => {
    const request = {
      containerId: 'd'.repeat(64),
      containerName: 'web',
      mode: 'bridge',
      ports: [],
      macAddress: '02:42',
    };
    await expect(engine.call('open', request)).rejects.toThrow('invalid MAC address: 02:42');
  });

  test('of networks that do not exist', async () => {
    await expect(world.open(engine, 'web', [], 'nowhere')).rejects.toMatchObject({
      message: 'network nowhere not found',
      code: 'not-found',
    });
  });
});
