import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { type LogServer, udpServer } from '../../support/log-servers.ts';

let c: Containers;
let server: LogServer;
let directory: string;
beforeAll(async () => {
  server = await udpServer();
  directory = mkdtempSync(join(tmpdir(), 'berth-log-defaults-'));
  const file = join(directory, 'daemon.json');
  const opts = { 'syslog-address': `udp://${server.address}`, tag: 'from-default', 'cache-max-file': '3' };
  writeFileSync(file, JSON.stringify({ 'log-driver': 'syslog', 'log-opts': opts }));
  c = await startContainers({ args: ['--config-file', file] });
});
afterAll(async () => {
  await c.engine.stop();
  await server.close();
  rmSync(directory, { recursive: true });
});

test('log-driver, log-opts: what containers have that say nothing, shown in info and inspect', async () => {
  const info = (await c.ask('GET', '/info')).json<{
    LoggingDriver: string;
    Plugins: { Log: string[] };
    Berth: { LogBound: string };
  }>();
  expect(info.LoggingDriver).toBe('syslog');
  expect(info.Berth.LogBound).toBe('3 files of 20MB');
  expect(info.Plugins.Log).toEqual(['fluentd', 'gelf', 'journald', 'json-file', 'local', 'syslog']);
  const { id } = await c.run(['echo', 'x']);
  await eventually(() =>
    expect(server.packets.map(String)).toEqual([expect.stringMatching(/ from-default\[\d+\]: x\n$/)]),
  );
  expect((await c.inspect(id)).HostConfig['LogConfig']).toEqual({
    Type: 'syslog',
    Config: { 'syslog-address': `udp://${server.address}`, tag: 'from-default', 'cache-max-file': '3' },
  });
  const own = await c.create(['true'], { HostConfig: { LogConfig: { Type: 'json-file', Config: {} } } });
  expect((await c.inspect(own)).HostConfig['LogConfig']).toEqual({
    Type: 'json-file',
    Config: { 'cache-max-file': '3' },
  });
});

test('a wrong default is refused at the start of the engine', async () => {
  await expect(startContainers({ args: ['--log-opt', 'x=1'] })).rejects.toThrow(
    /failed to set log opts: unknown log opt 'x' for json-file log driver/,
  );
  await expect(startContainers({ args: ['--log-driver', 'nothing'] })).rejects.toThrow(
    /failed to set log opts: logger: no log driver named 'nothing' is registered/,
  );
});
