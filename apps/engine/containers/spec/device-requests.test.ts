import type { DeviceRequest } from '@berth/contract';
import { describe, expect, test } from 'vitest';
import type { CdiRegistry } from '../../cdi/index.ts';
import { requestedDevices } from './device-requests.ts';

const NOTHING = { env: [], deviceNodes: [], mounts: [], hooks: [], additionalGids: [], unsupported: [] };
function registry(...names: string[]): CdiRegistry {
  const spec = { kind: 'nvidia.com/gpu', devices: [], edits: NOTHING };
  return { devices: new Map(names.map((name) => [name, { spec, device: { name, edits: NOTHING } }])), problems: [] };
}
const request = (wish: Partial<DeviceRequest>): DeviceRequest => ({
  ...{ Driver: '', Count: 0, DeviceIDs: null, Capabilities: [['gpu']], Options: {} },
  ...wish,
});
const gpus = registry('nvidia.com/gpu=0', 'nvidia.com/gpu=1', 'nvidia.com/gpu=all');

describe('--gpus', () => {
  test.each<[string, Partial<DeviceRequest>, string[]]>([
    ['all', { Count: -1 }, ['nvidia.com/gpu=all']],
    ['a number', { Count: 2 }, ['nvidia.com/gpu=0', 'nvidia.com/gpu=1']],
    ['by id', { DeviceIDs: ['1'] }, ['nvidia.com/gpu=1']],
    ['by driver', { Driver: 'nvidia', Count: 1, Capabilities: [['compute', 'gpu']] }, ['nvidia.com/gpu=0']],
  ])('%s', (_, wish, names) => {
    expect(requestedDevices([request(wish)], gpus)).toEqual(names);
  });

  test('all without a device of that name is every one', () => {
    const names = ['nvidia.com/gpu=0', 'nvidia.com/gpu=1'];
    expect(requestedDevices([request({ Count: -1 })], registry(...names, 'other.com/x=y'))).toEqual(names);
  });

  test.each<[Partial<DeviceRequest>, CdiRegistry, string]>([
    [{ Count: -1 }, registry(), 'could not select device driver "" with capabilities: [[gpu]]'],
    [{ Driver: 'x' }, gpus, 'could not select device driver "x" with capabilities: [[gpu]]'],
    [{ Capabilities: [['tpu', 'fast']] }, gpus, 'could not select device driver "" with capabilities: [[tpu fast]]'],
    [{ Count: 3 }, gpus, 'CDI device injection failed: unresolvable CDI devices nvidia.com/gpu=2'],
    [{ Driver: 'cdi', DeviceIDs: ['a.b/c=d'] }, gpus, 'CDI device injection failed: unresolvable CDI devices a.b/c=d'],
  ])('%j is refused', (wish, known, message) => {
    expect(() => requestedDevices([request(wish)], known)).toThrow(
      expect.objectContaining({ code: 'invalid', message }),
    );
  });

  test('options are refused by name', () => {
    expect(() => requestedDevices([request({ Count: -1, Options: { a: 'b' } })], gpus)).toThrow(
      expect.objectContaining({ code: 'not-supported', message: expect.stringContaining('not supported: a') }),
    );
  });
});
