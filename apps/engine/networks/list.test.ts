import { createLogger } from '@berth/kit';
import { expect, test } from 'vitest';
import { DEFAULT_CONFIG } from '../config.ts';
import { openDatabase } from '../state/database.ts';
import { createNetworks } from './index.ts';

const db = openDatabase(':memory:');
const make = () =>
  createNetworks({
    config: DEFAULT_CONFIG,
    db,
    log: createLogger('error', 'text', () => undefined),
    publish: () => undefined,
    users: { containersOf: () => [], connect: async () => undefined, disconnect: async () => undefined },
  });
const networks = make();

test('the three built-in networks keep their ids', () => {
  const ids = networks.list({}).map((network) => network.Id);
  expect(networks.list({}).map((network) => [network.Name, network.Driver])).toEqual([
    ['bridge', 'bridge'],
    ['host', 'host'],
    ['none', 'null'],
  ]);
  expect(ids.every((id) => /^[0-9a-f]{64}$/.test(id))).toBe(true);
  expect(
    make()
      .list({})
      .map((network) => network.Id),
  ).toEqual(ids);
});

test.each([
  [{ name: ['o'] }, ['host', 'none']],
  [{ driver: ['null', 'bridge'] }, ['bridge', 'none']],
  [{ driver: ['bridge'], name: ['host'] }, []],
  [{ scope: ['swarm'] }, []],
  [{ type: ['custom'] }, []],
  [{ type: ['builtin'] }, ['bridge', 'host', 'none']],
  [{ dangling: ['true'] }, []],
  [{ dangling: ['0'] }, ['bridge', 'host', 'none']],
  [{ label: ['a'] }, []],
  [{ id: [networks.inspect('none').Id.slice(0, 12)] }, ['none']],
])('filters %j', (filters, names) => {
  expect(networks.list(filters as Record<string, string[]>).map((network) => network.Name)).toEqual(names);
});

test.each([
  ['nonsense', '1'],
  ['type', 'big'],
  ['dangling', 'perhaps'],
] as const)('refuses the filter %s=%s', (name, value) => {
  expect(() => networks.list({ [name]: [value] })).toThrow(expect.objectContaining({ code: 'invalid' }));
});

test('opening before start is an error, not a crash', async () => {
  const request = { containerId: 'a'.repeat(64), containerName: 'a', mode: 'bridge', ports: [], macAddress: undefined };
  await expect(networks.open(request)).rejects.toMatchObject({ code: 'unavailable' });
});
