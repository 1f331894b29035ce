import { expect, test } from 'vitest';
import { readClusterEndpoint, readClusterNetwork } from './model.ts';
import { readOverlayOptions, VXLAN_ID } from './options.ts';
import { readStoreAddress } from './overlay.ts';

test('addresses of stores', () => {
  expect(readStoreAddress('etcd://10.0.0.1:2379')).toEqual({
    urls: ['http://10.0.0.1:2379'],
    prefix: 'berth/networks/v1/',
  });
  expect(readStoreAddress('https://a,b:99/one/two', { path: '/three' })).toEqual({
    urls: ['https://a:2379', 'https://b:99'],
    prefix: 'one/two/three/berth/networks/v1/',
  });
  expect(readStoreAddress('etcd://a', { tls: true }).urls).toEqual(['https://a:2379']);
  expect(readStoreAddress('etcd://[fd00::1]:2379').urls).toEqual(['http://[fd00::1]:2379']);
  for (const wrong of ['', 'consul://a', 'etcd://', 'etcd://a b', 'etcd://a,,b', 'http://a:1@b'])
    expect(() => readStoreAddress(wrong), wrong).toThrow('invalid cluster-store');
});

test('options', () => {
  expect(readOverlayOptions({})).toEqual({ vni: undefined });
  expect(readOverlayOptions({ [VXLAN_ID]: '4200', encrypted: 'false' })).toEqual({ vni: 4200 });
  for (const wrong of ['0', '16777216', '1,2', 'x', '1.5'])
    expect(() => readOverlayOptions({ [VXLAN_ID]: wrong }), wrong).toThrow('invalid vxlan id');
  expect(() => readOverlayOptions({ encrypted: '' })).toThrow('not supported');
});

const ENDPOINT = {
  endpointId: 'a'.repeat(64),
  networkId: 'b'.repeat(64),
  networkName: 'span',
  host: 'c'.repeat(16),
  vtep: '10.0.0.1',
  containerId: 'd'.repeat(64),
  containerName: 'web',
  macAddress: '02:42:0a:00:00:02',
  ipv4: '10.1.0.2',
  ipv6: '',
  names: ['web'],
};

test('what others wrote is taken only in its right form', () => {
  expect(readClusterEndpoint(JSON.stringify(ENDPOINT))).toEqual(ENDPOINT);
  const wrong: [string, unknown][] = [
    ['vtep', '10.0.0.1 }; flush ruleset'],
    ['vtep', 'fd00::1'],
    ['macAddress', '02:42'],
    ['ipv4', '10.1.0.2/24'],
    ['ipv6', 'x'],
    ['host', '../..'],
    ['names', 'web'],
    ['names', [1]],
    ['endpointId', ''],
    ['containerName', '-rf'],
  ];
  for (const [key, value] of wrong)
    expect(readClusterEndpoint(JSON.stringify({ ...ENDPOINT, [key]: value })), key).toBe(undefined);
  for (const text of ['', 'null', '[]', '{', '"x"', '{}']) {
    expect(readClusterEndpoint(text), text).toBe(undefined);
    expect(readClusterNetwork(text), text).toBe(undefined);
  }
});

const POOL = { subnet: '10.7.0.0/24', ipRange: '', gateway: '10.7.0.1', aux: {}, wished: true };
const SPEC = {
  ...{ ipv4: true, ipv6: false, internal: false, attachable: true, configOnly: false, configFrom: '' },
  ...{ labels: { a: 'b' }, options: {}, ipamDriver: 'default', ipamOptions: null, pools: [POOL], vni: 5 },
};

test('a network of the store may have nothing that this host would refuse to make', () => {
  const network = { id: 'b'.repeat(64), name: 'span', createdAt: 1, spec: SPEC };
  expect(readClusterNetwork(JSON.stringify(network))).toEqual(network);
  const wrong: object[] = [
    { name: 'bridge' },
    { createdAt: 1e300 },
    { createdAt: null },
    { spec: null },
    { spec: {} },
    { spec: { ...SPEC, vni: 0 } },
    { spec: { ...SPEC, vni: 1 << 24 } },
    { spec: { ...SPEC, pools: {} } },
    { spec: { ...SPEC, pools: [null] } },
    { spec: { ...SPEC, pools: [{ ...POOL, subnet: '10.7.0.9/24' }] } },
    { spec: { ...SPEC, pools: [{ ...POOL, gateway: '10.8.0.1' }] } },
    { spec: { ...SPEC, pools: [{ ...POOL, aux: { x: '} drop' } }] } },
    { spec: { ...SPEC, options: { 'com.docker.network.bridge.name': 'br0' } } },
    { spec: { ...SPEC, options: { encrypted: '' } } },
    { spec: { ...SPEC, labels: [1] } },
    { spec: { ...SPEC, internal: 'no' } },
  ];
  for (const change of wrong)
    expect(readClusterNetwork(JSON.stringify({ ...network, ...change })), JSON.stringify(change)).toBe(undefined);
});
