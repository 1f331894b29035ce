import { spawnSync } from 'node:child_process';
import { existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import os from 'node:os';
import path from 'node:path';
import { createLogger } from '@berth/kit';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { type ApiServer, type ServeOptions, serve } from '../../../apps/engine/api/index.ts';
import { request } from '../../support/request.ts';

let directory: string;
let socket: string;
const servers: ApiServer[] = [];

beforeEach(async () => {
  directory = await mkdtemp(path.join(os.tmpdir(), 'berth-listen-'));
  socket = path.join(directory, 'deep', 'berth.sock');
});
afterEach(async () => {
  await Promise.all(servers.splice(0).map((server) => server.close()));
  await rm(directory, { recursive: true, force: true });
});

async function start(hosts: string[], options: Partial<ServeOptions> = {}): Promise<ApiServer> {
  const server = await serve({
    routes: [
      { method: 'GET', path: '/x', name: 'x', permission: 'read', handler: () => ({ kind: 'empty', status: 204 }) },
    ],
    hosts,
    socketGroup: undefined,
    version: '0',
    log: createLogger('error', 'text', () => {}),
    ...options,
  });
  servers.push(server);
  return server;
}

const status = async (target: Parameters<typeof request>[0], headers?: Record<string, string>) =>
  (await request(target, 'GET', '/x', { ...(headers === undefined ? {} : { headers }) })).status;

describe('a unix socket', () => {
  test('has mode 0660 and the wished group, and goes at the end', async () => {
    const group = readFileSync('/etc/group', 'utf8').split('\n').at(3)!.split(':');
    const server = await start([`unix://${socket}`], { socketGroup: group[0]! });
    const { mode, gid } = statSync(socket);
    expect([mode & 0o777, gid]).toEqual([0o660, Number(group[2])]);
    expect(await status({ socketPath: socket })).toBe(204);
    await server.close();
    expect(existsSync(socket)).toBe(false);
  });

  test('of a dead engine is replaced', async () => {
    const dying = `require("node:net").createServer().listen(${JSON.stringify(path.join(directory, 'dead.sock'))}, () => process.kill(process.pid, 9))`;
    expect(spawnSync(process.execPath, ['-e', dying]).signal).toBe('SIGKILL');
    const dead = path.join(directory, 'dead.sock');
    expect(existsSync(dead)).toBe(true);
    await start([`unix://${dead}`]);
    expect(await status({ socketPath: dead })).toBe(204);
  });

  test('of a living engine is refused, and goes on answering', async () => {
    await start([`unix://${socket}`]);
    await expect(start([`unix://${socket}`])).rejects.toMatchObject({
      code: 'conflict',
      message: expect.stringContaining('another engine answers there'),
    });
    expect(await status({ socketPath: socket })).toBe(204);
  });

  test('does not take the place of another file', async () => {
    const file = path.join(directory, 'file');
    writeFileSync(file, 'mine');
    await expect(start([`unix://${file}`])).rejects.toMatchObject({
      message: expect.stringContaining('is not a socket'),
    });
    expect(readFileSync(file, 'utf8')).toBe('mine');
  });

  test('with a path that the kernel would cut is refused', async () => {
    await expect(start([`unix://${directory}/${'x'.repeat(120)}`])).rejects.toMatchObject({
      message: expect.stringContaining('longer than 107 bytes'),
    });
  });

  test('with an unknown group is refused', async () => {
    await expect(start([`unix://${socket}`], { socketGroup: 'no-such-group' })).rejects.toMatchObject({
      message: expect.stringContaining('no-such-group'),
    });
  });
});

describe('tcp', () => {
  test('answers on loopback, for names of this host and pages of this host only', async () => {
    const server = await start(['tcp://127.0.0.1:0']);
    const port = Number(new URL(server.addresses[0]!.replace('tcp', 'http')).port);
    const target = { host: '127.0.0.1', port };
    for (const host of ['localhost', `localhost:${port}`, `127.0.0.1:${port}`, '[::1]:80'])
      expect(await status(target, { Host: host })).toBe(204);
    expect(await status(target, { Host: 'rebound.example' })).toBe(403);
    expect(await status(target, { Host: 'localhost', Origin: 'https://evil.example' })).toBe(403);
    expect(await status(target, { Host: 'localhost', Origin: 'null' })).toBe(403);
    expect(await status(target, { Host: 'localhost', Origin: 'http://localhost:3000' })).toBe(204);
    expect(await status(target, { Host: 'localhost', 'Sec-Fetch-Site': 'cross-site' })).toBe(403);
    expect(await status(target, { Host: 'localhost', 'Sec-Fetch-Site': 'none' })).toBe(204);
  });

  test.each(['tcp://0.0.0.0:2375', 'tcp://192.0.2.1:2375', 'tcp://[::]:2375', 'tcp://:2375', 'tcp://example.com:1'])(
    'is refused on %s',
    async (host) => {
      await expect(start([host])).rejects.toMatchObject({
        code: 'invalid',
        message: expect.stringContaining('without TLS'),
      });
    },
  );

  test.each(['http://127.0.0.1:1', 'unix://relative', 'tcp://', 'tcp://127.0.0.1:99999', ''])(
    '%j is no address',
    async (host) => {
      await expect(start([host])).rejects.toMatchObject({
        code: 'invalid',
        message: expect.stringContaining('invalid listening address'),
      });
    },
  );

  test('a taken port is told, and nothing is left half open', async () => {
    const other = createServer().listen(0, '127.0.0.1');
    await new Promise((resolve) => other.once('listening', resolve));
    const { port } = other.address() as { port: number };
    try {
      await expect(start([`unix://${socket}`, `tcp://127.0.0.1:${port}`])).rejects.toMatchObject({
        message: expect.stringContaining('the port is taken'),
      });
      expect(existsSync(socket)).toBe(false);
    } finally {
      other.close();
    }
  });
});
