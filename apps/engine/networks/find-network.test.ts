import { expect, test } from 'vitest';
import { findNetwork } from './find-network.ts';
import { type NetworkRecord, NO_SPEC } from './model.ts';

const network = (id: string, name: string): NetworkRecord => ({
  id: id.padEnd(64, '0'),
  name,
  driver: 'bridge',
  createdAt: 0,
  spec: NO_SPEC,
});
const networks = [network('ab1', 'one'), network('ab2', 'two'), network('c', 'ab')];

test('finds by id, name, then unambiguous prefix', () => {
  expect(findNetwork(networks, networks[1]!.id).name).toBe('two');
  expect(findNetwork(networks, 'ab').name).toBe('ab');
  expect(findNetwork(networks, 'ab1').name).toBe('one');
});

test('says what is wrong otherwise', () => {
  expect(() => findNetwork(networks.slice(0, 2), 'ab')).toThrow(
    'network ab is ambiguous (2 matches found on ID prefix)',
  );
  expect(() => findNetwork(networks, 'x')).toThrow(
    expect.objectContaining({ code: 'not-found', message: 'network x not found' }),
  );
  expect(() => findNetwork(networks, '')).toThrow('network  not found');
});
