import { BerthError } from '@berth/kit';
import { describe, expect, test } from 'vitest';
import { DEFAULT_CONFIG } from '../config.ts';
import type { Context } from './context.ts';
import { inspect } from './inspect.ts';
import type { ContainerRecord } from './model.ts';
import { inspectState } from './show/inspect-state.ts';
import { timeText } from './show/inspect-time.ts';
import { exited, running, SAMPLE_SANDBOX, SAMPLE_VOLUMES, sampleRecord } from './show/summary-sample.ts';

function contextOf(record: ContainerRecord): Context {
  return {
    config: { ...DEFAULT_CONFIG, dataRoot: '/data', execRoot: '/exec' },
    store: { resolve: () => record },
    execs: { idsOf: () => [] },
    health: { of: () => undefined },
    defaultRuntime: { name: 'crun' },
    volumes: SAMPLE_VOLUMES,
    images: {
      layerDirectories: () => ['/l/2', '/l/1'],
      resolve: () => {
        throw new BerthError('not-found', 'No such image');
      },
    },
  } as unknown as Context;
}

const show = async (record: ContainerRecord, size = false) =>
  (await inspect(contextOf(record))(record.name, { size })) as Record<string, unknown>;

test('a running container', async () => {
  const record = sampleRecord(1, {
    body: {
      Entrypoint: ['/entry'],
      Cmd: ['a', 'b'],
      ExposedPorts: { '80/tcp': {}, '53/udp': {} },
      HostConfig: { Binds: ['/a:/b'] },
    },
    state: running(Date.UTC(2026, 0, 1, 0, 0, 5, 120)),
    sandbox: SAMPLE_SANDBOX,
  });
  const shown = await show(record);
  expect(shown).toMatchObject({
    Id: record.id,
    Created: '2026-01-01T00:00:01Z',
    Path: '/entry',
    Args: ['a', 'b'],
    Name: '/name1',
    Image: record.imageId,
    ExecIDs: null,
    Platform: 'linux',
    LogPath: `/data/containers/${record.id}/log/container.log`,
    State: {
      Status: 'running',
      Running: true,
      Pid: 42,
      StartedAt: '2026-01-01T00:00:05.12Z',
      FinishedAt: '0001-01-01T00:00:00Z',
    },
    HostConfig: { Runtime: 'crun', NetworkMode: 'bridge', Binds: ['/a:/b'] },
    GraphDriver: { Name: 'overlay2', Data: { LowerDir: '/l/2:/l/1' } },
    Mounts: [{ Type: 'bind', Source: '/a', Destination: '/b' }],
    Config: { Entrypoint: ['/entry'], Hostname: record.id.slice(0, 12) },
    NetworkSettings: {
      IPAddress: '172.17.0.2',
      Gateway: '172.17.0.1',
      SandboxKey: '/run/ns/x',
      Ports: {
        '80/tcp': [
          { HostIp: '0.0.0.0', HostPort: '8080' },
          { HostIp: '::', HostPort: '8080' },
        ],
        '53/udp': null,
      },
      Networks: { bridge: { MacAddress: '02:42:ac:11:00:02', GlobalIPv6PrefixLen: 0, DNSNames: null } },
    },
  });
  expect(shown).not.toHaveProperty('SizeRw');
});

test('every member that API 1.50 names is there', async () => {
  const names = Object.keys(await show(sampleRecord(1), true));
  expect(names).toEqual(
    expect.arrayContaining(
      (
        'Id Created Path Args State Image ResolvConfPath HostnamePath HostsPath LogPath Name RestartCount Driver Platform MountLabel ' +
        'ProcessLabel AppArmorProfile ExecIDs HostConfig GraphDriver SizeRw SizeRootFs Mounts Config NetworkSettings'
      ).split(' '),
    ),
  );
});

test('what is not running has no network', async () => {
  const { NetworkSettings } = await show(sampleRecord(1, { state: exited(0, 1000) }));
  expect(NetworkSettings).toMatchObject({
    Ports: {},
    IPAddress: '',
    SandboxID: '',
    Networks: { bridge: { NetworkID: '' } },
  });
});

describe('state', () => {
  const ended = { startedAt: 1000, finishedAt: 2000, exitCode: 137, oomKilled: true, error: 'x' };
  test.each([
    [
      { status: 'created' as const, error: 'no', exitCode: 127 },
      { Running: false, ExitCode: 127, Error: 'no', StartedAt: '0001-01-01T00:00:00Z' },
    ],
    [
      { ...running(1000), status: 'paused' as const },
      { Running: true, Paused: true, Pid: 42 },
    ],
    [
      { status: 'restarting' as const, restartAt: 1, ...ended },
      { Running: true, Restarting: true, Pid: 0, ExitCode: 137 },
    ],
    [
      { status: 'exited' as const, ...ended },
      { Running: false, OOMKilled: true, ExitCode: 137, Error: 'x', FinishedAt: '1970-01-01T00:00:02Z' },
    ],
    [
      { status: 'dead' as const, ...ended },
      { Dead: true, Running: false },
    ],
  ])('%j', (state, expected) => {
    expect(inspectState(state as Parameters<typeof inspectState>[0], undefined)).toMatchObject({
      Status: state.status,
      ...expected,
    });
  });
});

test.each([
  [0, '0001-01-01T00:00:00Z'],
  [1000, '1970-01-01T00:00:01Z'],
  [1010, '1970-01-01T00:00:01.01Z'],
  [100_000, '1970-01-01T00:01:40Z'],
])('%i is %s', (milliseconds, text) => {
  expect(timeText(milliseconds)).toBe(text);
});
