import { digestOf } from '@berth/oci';
import { expect, test } from 'vitest';
import { createdAtOf, parseImageConfig } from './image-config.ts';

const parse = (value: unknown) => parseImageConfig(Buffer.from(JSON.stringify(value)));
const rootfs = { type: 'layers', diff_ids: [digestOf('x')] };
const plain = { architecture: 'amd64', os: 'linux', rootfs };

test('takes what the engine uses and nothing else', () => {
  const config = parse({
    ...plain,
    created: '2024-01-01T00:00:00.5Z',
    container: 'x',
    config: {
      Cmd: ['sh'],
      Env: null,
      Labels: { a: 'b' },
      ExposedPorts: { '80/tcp': { evil: true } },
      Volumes: { '/v': null },
      StopTimeout: 5,
      Healthcheck: { Test: ['NONE'] },
      Privileged: true,
      HostConfig: { Privileged: true },
    },
    history: [{ created_by: 'x', empty_layer: true, extra: 1 }],
    'moby.buildkit.buildinfo.v1': 'x',
  });
  expect(config).toEqual({
    ...plain,
    created: '2024-01-01T00:00:00.5Z',
    config: {
      Cmd: ['sh'],
      Labels: { a: 'b' },
      ExposedPorts: { '80/tcp': {} },
      Volumes: { '/v': {} },
      StopTimeout: 5,
      Healthcheck: { Test: ['NONE'] },
    },
    history: [{ created_by: 'x', empty_layer: true }],
  });
  expect(createdAtOf(config)).toBe(Date.UTC(2024, 0, 1) + 500);
});

test('times that cannot be read count as none', () => {
  for (const created of [undefined, '', 'yesterday', '0001-01-01T00:00:00Z'])
    expect(createdAtOf(parse({ ...plain, created }))).toBe(0);
});

test.each([
  ['no object', []],
  ['no rootfs', { os: 'linux' }],
  ['foreign rootfs', { ...plain, rootfs: { type: 'x' } }],
  ['diff_id that is a path', { ...plain, rootfs: { type: 'layers', diff_ids: ['sha256:../../x'] } }],
  ['Cmd that is text', { ...plain, config: { Cmd: 'sh' } }],
  ['Env with numbers', { ...plain, config: { Env: [1] } }],
  ['Labels with objects', { ...plain, config: { Labels: { a: {} } } }],
  ['User that is a number', { ...plain, config: { User: 0 } }],
  ['Volumes that are a list', { ...plain, config: { Volumes: ['/x'] } }],
  ['126 layers', { ...plain, rootfs: { type: 'layers', diff_ids: Array(126).fill(digestOf('x')) } }],
])('refuses %s', (_what, value) => {
  expect(() => parse(value)).toThrow(expect.objectContaining({ code: 'invalid' }));
});
