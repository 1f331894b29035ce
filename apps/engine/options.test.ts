import { expect, test } from 'vitest';
import { DEFAULT_CONFIG } from './config.ts';
import { parseOptions } from './options.ts';

test('nothing said: the defaults', () => {
  expect(parseOptions([])).toEqual(DEFAULT_CONFIG);
  expect(parseOptions(['--help'])).toBe('help');
});

test('every option', () => {
  expect(
    parseOptions(
      '--data-root /d/ --exec-root /e -H unix:///s -H tcp://127.0.0.1:1 -G wheel --bridge br9 --bip 10.1.0.1/24 --address-pool base=10.2.0.0/16,size=24 --nft-table t_1 --cgroup-parent /x/y --runtime runc --no-mount-cgroups --insecure-registry r:5 --log-level warn --log-format json'.split(
        ' ',
      ),
    ),
  ).toEqual({
    ...{
      dataRoot: '/d',
      execRoot: '/e',
      hosts: ['unix:///s', 'tcp://127.0.0.1:1'],
      socketGroup: 'wheel',
      bridge: 'br9',
      bridgeSubnet: '10.1.0.1/24',
    },
    ...{
      addressPools: [{ base: '10.2.0.0/16', size: 24 }],
      nftTable: 't_1',
      cgroupParent: '/x/y',
      runtime: 'runc',
      mountCgroups: false,
    },
    ...{ insecureRegistries: ['r:5'], logLevel: 'warn', logFormat: 'json' },
  });
});

test('the socket lies in the volatile root unless it is said', () => {
  expect(parseOptions(['--exec-root', '/e'])).toMatchObject({ hosts: ['unix:///e/berth.sock'] });
});

test.each([
  [['--wrong'], /--wrong/],
  [['positional'], /positional/],
  [['--data-root'], /data-root/],
  [['--data-root', 'relative'], /--data-root: "relative"/],
  [['--data-root', '/a b'], /--data-root/],
  [['--data-root', '/a:b'], /--data-root/],
  [['--data-root', '/a,b'], /--data-root/],
  [['--exec-root', '/a/../b'], /--exec-root/],
  [['--bridge', 'a-name-that-is-too-long'], /--bridge/],
  [['--bridge', '../x'], /--bridge/],
  [['--nft-table', 'a;flush ruleset'], /--nft-table/],
  [['--log-level', 'loud'], /--log-level: "loud" is not one of debug, info, warn, error/],
  [['--address-pool', 'base=10.0.0.0/8'], /--address-pool/],
  [['--address-pool', 'base=10.0.0.0/8,size=99'], /--address-pool/],
])('%j is refused', (args, reason) => {
  expect(() => parseOptions(args)).toThrow(reason);
});
