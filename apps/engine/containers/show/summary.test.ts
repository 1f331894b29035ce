import { describe, expect, test } from 'vitest';
import { summarize } from './summary.ts';
import { exited, running, SAMPLE_SANDBOX, SAMPLE_VOLUMES, sampleRecord } from './summary-sample.ts';
import { durationText, statusText } from './summary-status.ts';

const NOW = Date.UTC(2026, 5, 1);
const SECOND = 1000;
const HOUR = 3600 * SECOND;

test.each([
  [0, 'Less than a second'],
  [-5 * SECOND, 'Less than a second'],
  [1.9 * SECOND, '1 second'],
  [59 * SECOND, '59 seconds'],
  [60 * SECOND, 'About a minute'],
  [59.9 * 60 * SECOND, '59 minutes'],
  [HOUR, 'About an hour'],
  [1.6 * HOUR, '2 hours'],
  [47 * HOUR, '47 hours'],
  [48 * HOUR, '2 days'],
  [15 * 24 * HOUR, '2 weeks'],
  [70 * 24 * HOUR, '2 months'],
  [800 * 24 * HOUR, '2 years'],
])('%i ms is %s', (milliseconds, text) => {
  expect(durationText(milliseconds)).toBe(text);
});

test('status', () => {
  const ended = { startedAt: 1, finishedAt: NOW - 3 * 60 * SECOND, exitCode: 3, oomKilled: false, error: '' };
  expect(statusText({ status: 'created', error: '', exitCode: 0 }, NOW)).toBe('Created');
  expect(statusText(running(NOW - 5 * SECOND), NOW)).toBe('Up 5 seconds');
  expect(statusText({ ...running(NOW - 120 * SECOND), status: 'paused' } as never, NOW)).toBe('Up 2 minutes (Paused)');
  expect(statusText({ status: 'restarting', restartAt: 0, ...ended }, NOW)).toBe('Restarting (3) 3 minutes ago');
  expect(statusText({ status: 'exited', ...ended }, NOW)).toBe('Exited (3) 3 minutes ago');
  expect(statusText({ status: 'removing', ...ended }, NOW)).toBe('Removal In Progress');
  expect(statusText({ status: 'dead', ...ended }, NOW)).toBe('Dead');
});

describe('summary', () => {
  test('of a running container', () => {
    const record = sampleRecord(1, {
      body: {
        Labels: { a: 'b' },
        ExposedPorts: { '80/tcp': {}, '53/udp': {} },
        Volumes: { '/data': {} },
        HostConfig: { Binds: ['/src:/dst:ro'], Tmpfs: { '/t': '' }, Mounts: [{ Type: 'tmpfs', Target: '/t2' }] },
      },
      state: running(NOW - 5 * SECOND),
      sandbox: SAMPLE_SANDBOX,
    });
    const mounts = record.spec.mounts.map((mount) => (mount.type === 'volume' ? { ...mount, id: 'v1' } : mount));
    const named = { ...record, spec: { ...record.spec, mounts } };
    expect(summarize(named, SAMPLE_VOLUMES, 'busybox', NOW)).toEqual({
      Id: record.id,
      Names: ['/name1'],
      Image: 'busybox',
      ImageID: record.imageId,
      Command: "sh -c 'a b'",
      Created: Date.UTC(2026, 0, 1) / 1000 + 1,
      Ports: [
        { PrivatePort: 53, Type: 'udp' },
        { IP: '0.0.0.0', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
        { IP: '::', PrivatePort: 80, PublicPort: 8080, Type: 'tcp' },
      ],
      Labels: { a: 'b' },
      State: 'running',
      Status: 'Up 5 seconds',
      HostConfig: { NetworkMode: 'bridge' },
      NetworkSettings: { Networks: { bridge: expect.objectContaining({ IPAddress: '172.17.0.2', IPPrefixLen: 16 }) } },
      Mounts: [
        { Type: 'bind', Source: '/src', Destination: '/dst', Mode: 'ro', RW: false, Propagation: 'rprivate' },
        { Type: 'tmpfs', Source: '', Destination: '/t2', Mode: '', RW: true, Propagation: '' },
        {
          Type: 'volume',
          Name: '',
          Source: '/volumes/v1/_data',
          Destination: '/data',
          Driver: 'local',
          Mode: '',
          RW: true,
          Propagation: '',
        },
      ],
    });
  });

  test('a stopped one has no ports and an empty endpoint', () => {
    const summary = summarize(
      sampleRecord(1, { body: { ExposedPorts: { '80/tcp': {} } }, state: exited(0, NOW) }),
      SAMPLE_VOLUMES,
      'x',
      NOW,
    );
    expect(summary.Ports).toEqual([]);
    expect(summary.NetworkSettings.Networks).toEqual({
      bridge: expect.objectContaining({ IPAddress: '', NetworkID: '' }),
    });
  });
});
