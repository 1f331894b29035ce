import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { DEFAULT_CONFIG } from '../config.ts';
import { probeCgroupLimits } from '../linux/cgroup-limits.ts';
import { type Database, openDatabase } from '../state/database.ts';
import { parseOsRelease } from './host.ts';
import { createSystem, type System, type SystemSources } from './index.ts';
import { limitWarnings } from './limits.ts';

let directory: string;
let db: Database;
let system: System;

beforeEach(() => {
  directory = mkdtempSync(path.join(os.tmpdir(), 'berth-system-'));
  db = openDatabase(path.join(directory, 'berth.db'));
  system = createSystem(db, sources());
});
afterEach(() => {
  db.close();
  rmSync(directory, { recursive: true, force: true });
});

function sources(): SystemSources {
  const listed = [
    { Id: 'sha256:a', Containers: -1 },
    { Id: 'sha256:b', Containers: -1 },
  ];
  return {
    config: { ...DEFAULT_CONFIG, dataRoot: directory, insecureRegistries: ['registry.test:5000'] },
    containers: {
      counts: () => ({ total: 3, running: 1, paused: 1, stopped: 1 }),
      list: async () => [{ Id: 'c', ImageID: 'sha256:a' }],
    },
    images: { list: async () => listed, layersSize: () => 7 },
    volumes: { usage: async () => [] },
    buildCache: { usage: async () => [] },
    runtimes: [
      { name: 'crun', path: '/usr/bin/crun', version: '1.8.1' },
      { name: 'runc', path: '/usr/sbin/runc', version: '1.1.5' },
    ],
    monitor: { name: 'conmon', path: '/usr/bin/conmon', version: '2.1.6' },
    init: undefined,
    networkDrivers: ['bridge', 'host', 'null'],
    logDrivers: ['json-file', 'none'],
    logBound: '10 files of 10MB',
    warnings: ['a warning'],
    eventListeners: () => 5,
    login: async () => ({ Status: 'Login Succeeded', IdentityToken: '' }),
  };
}

test('where AppArmor is on, info says that no profile is applied by itself', async () => {
  const { Warnings } = (await system.info()) as { Warnings: string[] };
  const warning = 'WARNING: no AppArmor profile is applied to containers that name none';
  expect(Warnings.includes(warning)).toBe(existsSync('/sys/kernel/security/apparmor'));
});

test('the id stays with the data root', () => {
  expect(system.id).toMatch(/^[0-9a-f-]{36}$/);
  expect(createSystem(db, sources()).id).toBe(system.id);
});

test('version names the engine and what it works with', () => {
  const version = system.version() as { Components: { Name: string; Version: string }[] };
  expect(version).toMatchObject({
    Platform: { Name: 'Berth' },
    ApiVersion: '1.50',
    MinAPIVersion: '1.24',
    Os: 'linux',
    KernelVersion: os.release(),
  });
  expect(version.Components.map(({ Name }) => Name)).toEqual(['Engine', 'crun', 'runc', 'conmon']);
});

test('info is told from the host and the other nouns', async () => {
  expect(await system.info()).toMatchObject({
    ID: system.id,
    Containers: 3,
    ContainersRunning: 1,
    Images: 2,
    Driver: 'overlay2',
    DefaultRuntime: 'crun',
    Runtimes: { crun: { path: '/usr/bin/crun' }, runc: { path: '/usr/sbin/runc' } },
    NCPU: os.availableParallelism(),
    MemTotal: os.totalmem(),
    LiveRestoreEnabled: true,
    NEventsListener: 5,
    Plugins: { Network: ['bridge', 'host', 'null'], Log: ['json-file', 'none'] },
    LoggingDriver: 'json-file',
    Berth: { LogBound: '10 files of 10MB' },
    RegistryConfig: { IndexConfigs: { 'registry.test:5000': { Secure: false } } },
    Warnings: expect.arrayContaining(['a warning']),
    Swarm: { LocalNodeState: 'inactive' },
  });
});

describe('disk usage', () => {
  test('counts the containers of each image', async () => {
    expect(await system.diskUsage([])).toMatchObject({
      LayersSize: 7,
      Images: [
        { Id: 'sha256:a', Containers: 1 },
        { Id: 'sha256:b', Containers: 0 },
      ],
      Containers: [{ Id: 'c' }],
      Volumes: [],
      BuildCache: [],
    });
  });

  test('tells only what was asked for', async () => {
    expect(Object.keys(await system.diskUsage(['image']))).toEqual(['LayersSize', 'Images']);
    await expect(system.diskUsage(['x'])).rejects.toThrow('unknown object type: x');
  });
});

test('limits that the kernel lacks are told in the words of Docker', () => {
  const none = probeCgroupLimits({
    version: 1,
    mounts: new Map([['memory', directory]]),
    unified: undefined,
    unifiedControllers: [],
  });
  const told = (names: string) => names.split(', ').map((what) => `WARNING: No ${what} support`);
  const both = 'cpu cfs quota, cpu cfs period, cpu shares, cpuset, pids limit';
  const throttles = ['read_bps', 'write_bps', 'read_iops', 'write_iops']
    .map((t) => `blkio throttle.${t}_device`)
    .join(', ');
  expect(limitWarnings(none, 1)).toEqual(told(`memory limit, swap limit, oom kill disable, ${both}, ${throttles}`));
  expect(limitWarnings(none, 2)).toEqual(
    told(`memory limit, swap limit, ${both}, blkio weight, blkio weight_device, ${throttles}`),
  );
});

test('os-release is read with and without quotes', () => {
  const fields = parseOsRelease(
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nID=debian\nX=\'a b\'\n# no\nBAD LINE\nQ="a\\"b"\n',
  );
  expect(Object.fromEntries(fields)).toEqual({
    PRETTY_NAME: 'Debian GNU/Linux 12 (bookworm)',
    ID: 'debian',
    X: 'a b',
    Q: 'a"b',
  });
});
