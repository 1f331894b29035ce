// ATTACK CLASSES: CVE-2020-15257 (abstract sockets of the engine are seen from the host's network), CVE-2025-9074 (the
// API is reached from a container), CVE-2016-9962 (a process that joins is looked into).
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { request } from '../../support/request.ts';
import { Arena } from './arena.ts';

let arena: Arena;
let port: number;
beforeAll(async () => {
  port = await freePort();
  arena = await Arena.open({ args: ['--host', `tcp://127.0.0.1:${port}`] });
});
afterAll(() => arena.close());

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });
}

/** Processes of the engine and of its containers' monitors, and what they hold open. */
function socketsOfTheEngine(): Set<string> {
  const { root, pid } = arena.engine;
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  const ours = pids.filter((name) => Number(name) === pid || read(`/proc/${name}/cmdline`).includes(root));
  expect(ours.length).toBeGreaterThan(1);
  return new Set(ours.flatMap((name) => linksIn(`/proc/${name}/fd`)).filter((link) => link.startsWith('socket:')));
}

function linksIn(directory: string): string[] {
  try {
    return readdirSync(directory).map((name) => {
      try {
        return readlinkSync(`${directory}/${name}`);
      } catch {
        return ''; // closed meanwhile
      }
    });
  } catch {
    return []; // ended meanwhile
  }
}

function read(path: string): string {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return '';
  }
}

describe('what containers see of the engine', () => {
  test('no abstract socket, and no listener but the one that was asked for', async () => {
    const running = await arena.up({
      Tty: true,
      OpenStdin: true,
      ExposedPorts: { '80/tcp': {} },
      HostConfig: { PortBindings: { '80/tcp': [{ HostIp: '127.0.0.1', HostPort: '' }] } },
    });
    const seen = await arena.run({
      Cmd: ['sh', '-c', 'cat /proc/net/unix; echo ----; cat /proc/net/tcp /proc/net/tcp6 /proc/net/udp /proc/net/udp6'],
      HostConfig: { NetworkMode: 'host' },
    });
    const [unix = '', inet = ''] = seen.output.split('----');
    const ours = socketsOfTheEngine();
    const abstract = unix
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => fields[7]?.startsWith('@') && ours.has(`socket:[${fields[6]}]`));
    expect(abstract).toEqual([]);
    const listening = inet
      .split('\n')
      .map((line) => line.trim().split(/\s+/))
      .filter((fields) => /^\d+:$/.test(fields[0] ?? '') && ['0A', '07'].includes(fields[3] ?? ''))
      .filter((fields) => ours.has(`socket:[${fields[9]}]`));
    const reserved = await publishedPort(running);
    const places = listening.map((fields) => fields[1]!).sort();
    const hex = (number: number) => number.toString(16).toUpperCase().padStart(4, '0');
    expect(places.filter((place) => !place.endsWith(`:${hex(reserved)}`))).toEqual([`0100007F:${hex(port)}`]);
    await arena.remove(running);
  });

  async function publishedPort(id: string): Promise<number> {
    const answer = await arena.engine.request('GET', `/containers/${id}/json`);
    const { NetworkSettings } = answer.json<{ NetworkSettings: { Ports: Record<string, { HostPort: string }[]> } }>();
    return Number(NetworkSettings.Ports['80/tcp']![0]!.HostPort);
  }

  test('the API on 127.0.0.1 is reached from no container with a network of its own', async () => {
    const ask = (address: string) =>
      `printf 'GET /_ping HTTP/1.0\\r\\n\\r\\n' | nc -w 1 ${address} ${port} 2>&1 | grep HTTP`;
    const gateway = arena.engine.bip.split('/')[0]!;
    const hostAddresses = (
      await arena.run({
        Cmd: ['sh', '-c', 'ip -4 -o addr | sed "s/.*inet \\([0-9.]*\\).*/\\1/"'],
        HostConfig: { NetworkMode: 'host' },
      })
    ).output
      .trim()
      .split('\n');
    const addresses = [...new Set([gateway, ...hostAddresses, '127.0.0.1', '0.0.0.0'])].join(' ');
    const Cmd = ['sh', '-c', `for a in ${addresses}; do ${ask('$a')}; done; true`];
    for (const host of [{}, { NetworkMode: 'none' }, { CapAdd: ['NET_ADMIN'] }]) {
      expect(await arena.run({ Cmd, HostConfig: host })).toMatchObject({ exitCode: 0, output: '' });
    }
    // One that may change its own routes sends packets for the host's loopback to the gateway.
    const forge = `ip addr del 127.0.0.1/8 dev lo; ip route add 127.0.0.0/8 via ${gateway}; ${ask('127.0.0.1')}; true`;
    const forged = await arena.run({
      Cmd: ['sh', '-c', `echo 1 > /proc/sys/net/ipv4/conf/all/route_localnet; ${forge}`],
      HostConfig: { Privileged: true },
    });
    expect(forged).toMatchObject({ exitCode: 0, output: '' });
    const reached = await arena.run({ Cmd: ['sh', '-c', ask('127.0.0.1')], HostConfig: { NetworkMode: 'host' } });
    expect(reached.output, 'the question is right').toContain('HTTP/1.1');
    const own = await request({ host: '127.0.0.1', port }, 'GET', '/_ping', { headers: { Host: `localhost:${port}` } });
    expect(own.text).toBe('OK');
  });

  test.each<[string, Record<string, string>]>([
    ['a name that was made to point here', { Host: 'attacker.example' }],
    ['a name with our port', { Host: 'attacker.example:2375' }],
    ['a name that looks like loopback', { Host: '127.0.0.1.attacker.example' }],
    ['user information', { Host: 'localhost@attacker.example' }],
    ['a page of someone else', { Host: 'localhost', Origin: 'https://attacker.example' }],
    ['a page without origin', { Host: 'localhost', Origin: 'null' }],
    ['a page whose name begins like ours', { Host: 'localhost', Origin: 'http://localhost.attacker.example' }],
    ['a page of the whole host', { Host: '0.0.0.0', Origin: 'http://0.0.0.0' }],
  ])('no API for %s', async (_what, headers) => {
    for (const [method, path] of [
      ['GET', '/version'],
      ['POST', '/containers/create'],
      ['OPTIONS', '/containers/create'],
    ] as const) {
      const body = method === 'POST' ? { body: { Image: 'honest:1' } } : {};
      const answer = await request({ host: '127.0.0.1', port }, method, path, { headers, ...body });
      expect([answer.status, answer.headers['access-control-allow-origin']]).toEqual([403, undefined]);
    }
    expect((await arena.engine.request('GET', '/containers/json?all=1')).json()).toEqual([]);
  });

  test('who joins a container is not looked into, nor are its files', async () => {
    // Reads the file descriptors and the root of everything that comes into its process namespace.
    const spy =
      'while :; do for p in /proc/[0-9]*; do [ $p = /proc/1 ] || for f in $p/fd/*; do readlink $f; done; done; done 2>/dev/null | grep -vE "^(pipe:|/dev/(null|pts|console)|/proc/1/fd|/proc$|/dev/zero|socket:\\[|anon_inode:)"';
    for (const Runtime of ['crun', 'runc']) {
      const id = await arena.up({ Cmd: ['sh', '-c', spy], HostConfig: { Runtime } });
      for (let n = 0; n < 60; n++) await arena.exec(id, { Cmd: ['true'] });
      const logs = await arena.engine.request('GET', `/containers/${id}/logs?stdout=1`);
      const found = logs.text
        .split('\n')
        .filter((line) => line.includes('/tmp/') || line.includes('/run/') || line.includes('.json'));
      expect(found, Runtime).toEqual([]);
      await arena.remove(id);
    }
  });
});
