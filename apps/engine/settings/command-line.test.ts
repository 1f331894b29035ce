import { expect, test } from 'vitest';
import { DEFAULT_CONFIG } from '../config.ts';
import { readCommandLine } from './command-line.ts';
import { loadConfig } from './load.ts';

const told = (...args: string[]) => loadConfig(readCommandLine(['--config-file', '/dev/null', ...args]));

test('nothing said: the defaults', () => {
  expect(told()).toEqual(DEFAULT_CONFIG);
});

test.each([
  ['--help', 'help'],
  ['-h', 'help'],
  ['--version', 'version'],
  ['-v', 'version'],
  ['--validate', 'validate'],
])('%s asks for something else than running', (flag, action) => {
  expect(readCommandLine([flag]).action).toBe(action);
});

test('many flags, in all their forms', () => {
  expect(
    told(
      ...'--data-root /d/ --exec-root=/e -H unix:///s -Htcp://127.0.0.1:1 -G=wheel -b br9 --bip 10.1.0.1/24'.split(' '),
      ...'--default-address-pool base=10.2.0.0/16,size=24 --nft-table t_1 --cgroup-parent /x/y'.split(' '),
      ...'--default-runtime runc --mount-cgroups=false --insecure-registry r:5 --insecure-registry 10.0.0.0/8'.split(
        ' ',
      ),
      ...'-Dl warn --log-format json'.split(' '),
    ),
  ).toEqual({
    ...DEFAULT_CONFIG,
    dataRoot: '/d',
    execRoot: '/e',
    pidFile: '/e/berth.pid',
    hosts: ['unix:///s', 'tcp://127.0.0.1:1'],
    socketGroup: 'wheel',
    bridge: 'br9',
    bridgeSubnet: '10.1.0.1/24',
    addressPools: [{ base: '10.2.0.0/16', size: 24 }],
    nftTable: 't_1',
    cgroupParent: '/x/y',
    defaultRuntime: 'runc',
    mountCgroups: false,
    insecureRegistries: ['r:5', '10.0.0.0/8'],
    debug: true,
    logLevel: 'warn',
    logFormat: 'json',
  });
});

test('a switch that is on by default has a no', () => {
  expect(told('--no-mount-cgroups').mountCgroups).toBe(false);
  expect(() => told('--no-debug')).toThrow('unknown flag: --no-debug');
});

test('the socket and the pid file lie in the volatile root unless it is said', () => {
  expect(told('--exec-root', '/e')).toMatchObject({ hosts: ['unix:///e/berth.sock'], pidFile: '/e/berth.pid' });
});

test('older names of flags work', () => {
  expect(told('--runtime', 'runc', '--address-pool', 'base=10.2.0.0/16,size=24')).toMatchObject({
    defaultRuntime: 'runc',
    addressPools: [{ base: '10.2.0.0/16', size: 24 }],
  });
});

test.each([
  [['--wrong'], 'unknown flag: --wrong'],
  [['-x'], "unknown shorthand flag: 'x' in -x"],
  [['positional'], 'takes no arguments, flags only: found positional'],
  [['--data-root'], 'flag needs an argument: --data-root'],
  [['--data-root', 'relative'], '--data-root: found "relative", accepted is an absolute path'],
  [['--data-root', '/a b'], '--data-root'],
  [['--data-root', '/a:b'], '--data-root'],
  [['--data-root', '/a,b'], '--data-root'],
  [['--exec-root', '/a/../b'], '--exec-root'],
  [['--exec-root', '/var/lib/berth'], '"data-root" and "exec-root" are both /var/lib/berth'],
  [['--bridge', 'a-name-that-is-too-long'], '--bridge'],
  [['--bridge', '../x'], '--bridge'],
  [['--bridge', 'none'], '--bridge'],
  [['--nft-table', 'a;flush ruleset'], '--nft-table'],
  [['--log-level', 'loud'], '--log-level: found "loud", accepted is "debug", "info", "warn" or "error"'],
  [['--default-address-pool', 'base=10.0.0.0/8'], '--default-address-pool'],
  [['--default-address-pool', 'base=10.0.0.0/8,size=99'], '--default-address-pool'],
  [['-H', 'unix:///a', '-H', 'unix:///a'], '"hosts": unix:///a stands there twice'],
  [['--debug=maybe'], '--debug: found "maybe", accepted is true or false'],
  [['--default-runtime', 'nope'], 'the runtime "nope" is not registered: known are crun, runc'],
  [
    ['--overlay-port', '70000'],
    '--overlay-port: found "70000", accepted is a whole number of a UDP port from 1 to 65535',
  ],
  [
    ['--cluster-store', 'etcd://a', '--cluster-store-opt', 'kv.cacert=x'],
    'found "kv.cacert", accepted is one of kv.path',
  ],
  [['--cluster-advertise', 'eth0'], '"cluster-advertise" needs "cluster-store"'],
  [
    ['--cluster-store', 'http://a', '--cluster-store-opt', 'kv.cacertfile=x'],
    'kv.cacertfile have no effect on http://',
  ],
  [['--cluster-store', 'etcd://a', '--cluster-store-opt', 'kv.certfile=x'], 'are of use only together'],
  [['--cluster-store', 'consul://a'], '--cluster-store: found "consul://a"'],
  [['--live-restore=false'], '--live-restore=false is not taken: containers always outlive the engine'],
  [['--iptables=false'], '--iptables=false is not taken'],
])('%j is refused', (args, reason) => {
  expect(() => told(...args)).toThrow(reason);
});

test('an unknown flag names the one that may be meant', () => {
  expect(() => told('--insecure-registries', 'x')).toThrow(
    expect.objectContaining({ hint: 'Did you mean "--insecure-registry"?' }),
  );
});

test('settings of Docker that hold anyway are taken', () => {
  expect(told('--live-restore', '--iptables=true', '--exec-opt', 'native.cgroupdriver=cgroupfs')).toEqual(
    DEFAULT_CONFIG,
  );
});
