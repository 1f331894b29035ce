import type { MountWish } from '@berth/contract';
import { describe, expect, test } from 'vitest';
import { parseMounts } from './parse-mounts.ts';

interface Given {
  binds?: string[];
  mounts?: MountWish[];
  tmpfs?: Record<string, string>;
  volumes?: string[];
}

const parse = ({ binds = [], mounts = [], tmpfs = {}, volumes = [] }: Given) =>
  parseMounts(
    {
      hostConfig: { Binds: binds, Mounts: mounts, Tmpfs: tmpfs, VolumeDriver: '' },
      volumes: Object.fromEntries(volumes.map((path) => [path, {}])),
    },
    (path) => path === '/exists',
  );

describe('accepted', () => {
  test.each<[string, Given, object]>([
    [
      'bind',
      { binds: ['/a/../b/:/c//d/'] },
      {
        type: 'bind',
        source: '/b',
        target: '/c/d',
        readOnly: false,
        createSource: true,
        recursive: true,
        propagation: 'rprivate',
      },
    ],
    [
      'bind read-only',
      { binds: ['/a:/b:ro,z,rslave'] },
      { readOnly: true, mode: 'ro,z,rslave', propagation: 'rslave', recursiveReadOnly: 'if-possible' },
    ],
    [
      'mount',
      { mounts: [{ Type: 'bind', Source: '/exists', Target: '/b', ReadOnly: true }] },
      { source: '/exists', readOnly: true, createSource: false },
    ],
    [
      'mount that makes its source',
      {
        mounts: [
          { Type: 'bind', Source: '/x', Target: '/b', BindOptions: { CreateMountpoint: true, NonRecursive: true } },
        ],
      },
      { createSource: true, recursive: false },
    ],
    [
      'forced read-only',
      {
        mounts: [
          {
            Type: 'bind',
            Source: '/exists',
            Target: '/b',
            ReadOnly: true,
            BindOptions: { ReadOnlyForceRecursive: true, Propagation: 'rprivate' },
          },
        ],
      },
      { recursiveReadOnly: 'required' },
    ],
    ['tmpfs', { tmpfs: { '/t': '' } }, { type: 'tmpfs', origin: 'tmpfs', options: ['noexec', 'nosuid', 'nodev'] }],
    [
      'tmpfs options',
      { tmpfs: { '/t': 'rw,exec,size=64m,mode=1777' } },
      { options: ['nosuid', 'nodev', 'rw', 'exec', 'size=64m', 'mode=1777'] },
    ],
    [
      'tmpfs mount',
      { mounts: [{ Type: 'tmpfs', Target: '/t', TmpfsOptions: { SizeBytes: 65536, Mode: 0o700 } }] },
      { origin: 'mounts', options: ['noexec', 'nosuid', 'nodev', 'mode=700', 'size=65536'] },
    ],
    [
      'image volume',
      { volumes: ['/data'] },
      { type: 'volume', origin: 'volumes', target: '/data', copyUp: true, source: '' },
    ],
    ['image volume that climbs', { volumes: ['../../../etc/x'] }, { target: '/etc/x' }],
    ['anonymous volume by -v', { binds: ['/data'] }, { type: 'volume', origin: 'binds', target: '/data' }],
    [
      'named volume',
      { binds: ['data:/c//d/:ro,nocopy'] },
      {
        type: 'volume',
        source: 'data',
        target: '/c/d',
        readOnly: true,
        copyUp: false,
        mode: 'ro,nocopy',
        propagation: '',
      },
    ],
    ['named volume without a mode', { binds: ['data:/d'] }, { type: 'volume', copyUp: true, mode: 'z' }],
    [
      'volume by mount, with all that it can have',
      {
        mounts: [
          {
            Type: 'volume',
            Source: 'data',
            Target: '/d',
            VolumeOptions: {
              Subpath: './a/../b/',
              Labels: { a: 'b' },
              DriverConfig: { Name: 'local', Options: { o: 'x' } },
            },
          },
        ],
      },
      { subpath: 'b', copyUp: false, volume: { driver: 'local', labels: { a: 'b' }, options: { o: 'x' } } },
    ],
    [
      'image',
      { mounts: [{ Type: 'image', Source: 'busybox', Target: '/i', ImageOptions: { Subpath: 'bin' } }] },
      { type: 'image', source: 'busybox', readOnly: true, subpath: 'bin' },
    ],
    [
      'anonymous volume by mount',
      { mounts: [{ Type: 'volume', Target: '/v', VolumeOptions: { NoCopy: true } }] },
      { type: 'volume', copyUp: false },
    ],
  ])('%s', (_, given, expected) => {
    const mounts = parse(given);
    expect(mounts).toHaveLength(1);
    expect(mounts[0]).toMatchObject(expected);
  });

  test('parents come first', () => {
    const targets = parse({ binds: ['/x:/a/b/c', '/y:/a'], tmpfs: { '/a/b': '' } }).map(({ target }) => target);
    expect(targets).toEqual(['/a', '/a/b', '/a/b/c']);
  });

  test('a bind replaces the volume of an image', () => {
    expect(parse({ binds: ['/x:/data/'], volumes: ['/data'] }).map(({ type }) => type)).toEqual(['bind']);
  });
});

describe('refused', () => {
  test.each<[Given, string]>([
    [{ binds: [''] }, "invalid volume specification: ''"],
    [{ binds: [':/a'] }, "invalid volume specification: ':/a'"],
    [{ binds: ['/a:ro'] }, "invalid volume specification: '/a:ro'"],
    [
      { binds: ['/a:b'] },
      "invalid volume specification: '/a:b': invalid mount config for type \"bind\": invalid mount path: 'b' mount path must be absolute",
    ],
    [{ binds: ['/a:/b:x'] }, 'invalid mode: x'],
    [{ binds: ['/a:/b:ro,rw'] }, 'invalid mode: ro,rw'],
    [{ binds: ['/a:/b:constructor'] }, 'invalid mode: constructor'],
    [{ binds: ['/a:/b:nocopy'] }, 'field VolumeOptions must not be specified'],
    [{ binds: ['/a:/x/..'] }, "destination can't be '/'"],
    [{ binds: ['/a:/b', '/c:/b/'] }, 'Duplicate mount point: /b'],
    [{ binds: ['/a:/b'], tmpfs: { '/b': '' } }, 'Duplicate mount point: /b'],
    [
      { mounts: [{ Type: 'bind', Source: '/x', Target: '/b' }] },
      'invalid mount config for type "bind": bind source path does not exist: /x',
    ],
    [{ mounts: [{ Type: 'bind', Source: '', Target: '/b' }] }, 'field Source must not be empty'],
    [{ mounts: [{ Type: 'bind', Source: 'x', Target: '/b' }] }, "invalid mount path: 'x' mount path must be absolute"],
    [{ mounts: [{ Type: 'bind', Source: '/exists', Target: '' }] }, 'field Target must not be empty'],
    [
      { mounts: [{ Type: 'bind', Source: '/exists', Target: '/b', BindOptions: { Propagation: 'x' } }] },
      'invalid propagation mode: x',
    ],
    [
      { mounts: [{ Type: 'bind', Source: '/exists', Target: '/b', VolumeOptions: {} }] },
      'field VolumeOptions must not be specified',
    ],
    [{ mounts: [{ Type: 'tmpfs', Source: '/x', Target: '/b' }] }, 'field Source must not be specified'],
    [{ mounts: [{ Type: 'x' as 'bind', Target: '/b' }] }, 'invalid mount config for type "x": mount type unknown'],
    [{ tmpfs: { '/t': 'size=1,lowerdir=/' } }, 'Invalid tmpfs option ["lowerdir=/"]'],
    [{ binds: ['data:/b:rshared'] }, 'field BindOptions must not be specified'],
    [{ binds: ['data:b'] }, 'invalid mount config for type "volume": invalid mount path'],
    [{ mounts: [{ Type: 'volume', Target: '/v', ReadOnly: true }] }, 'must not set ReadOnly mode when using anonymous'],
    [
      { mounts: [{ Type: 'volume', Target: '/v', VolumeOptions: { Subpath: 'a' } }] },
      'must not set Subpath when using',
    ],
    [
      { mounts: [{ Type: 'volume', Source: 'x', Target: '/v', VolumeOptions: { Subpath: '/a' } }] },
      'subpath must be a relative',
    ],
    [
      { mounts: [{ Type: 'volume', Source: 'x', Target: '/v', VolumeOptions: { Subpath: '../a' } }] },
      'subpath must be a relative',
    ],
    [{ mounts: [{ Type: 'image', Target: '/i' }] }, 'field Source must not be empty'],
    [{ mounts: [{ Type: 'image', Source: 'x', Target: '/i', VolumeOptions: {} }] }, 'field VolumeOptions must not be'],
    [{ mounts: [{ Type: 'cluster', Source: 'x', Target: '/i' }] }, 'mount type unknown'],
    [{ mounts: [{ Type: 'npipe', Source: 'x', Target: '/i' }] }, 'mount type unknown'],
    [{ tmpfs: { t: '' } }, "invalid mount path: 't' mount path must be absolute"],
    [{ volumes: ['/'] }, "destination can't be '/'"],
  ])('%j', (given, message) => {
    expect(() => parse(given)).toThrow(
      expect.objectContaining({ code: 'invalid', message: expect.stringContaining(message) }),
    );
  });
});
