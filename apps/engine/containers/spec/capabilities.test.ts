import { expect, test } from 'vitest';
import { DEFAULT_CAPABILITIES, grantableCapabilities, resolveCapabilities } from './capabilities.ts';

const resolve = (add: string[], drop: string[], privileged = false) => resolveCapabilities({ add, drop, privileged });
const defaults = DEFAULT_CAPABILITIES.filter((name) => grantableCapabilities().includes(name));

test("Docker's 14 unless told otherwise", () => {
  expect(DEFAULT_CAPABILITIES).toHaveLength(14);
  expect(resolve([], []).sort()).toEqual([...defaults].sort());
});

test('names come with and without CAP_, in any case', () => {
  expect(resolve([], ['chown', 'Cap_Kill', 'CAP_MKNOD'])).toEqual(resolve([], ['CHOWN', 'KILL', 'MKNOD']));
  expect(resolve([], ['chown'])).not.toContain('CAP_CHOWN');
});

test('ALL', () => {
  expect(resolve(['all'], [])).toEqual(grantableCapabilities());
  expect(resolve([], ['ALL'])).toEqual([]);
  expect(resolve(['CHOWN'], ['ALL'])).toEqual(['CAP_CHOWN']);
  expect(resolve(['ALL'], ['CHOWN'])).toEqual(grantableCapabilities().filter((name) => name !== 'CAP_CHOWN'));
});

test('dropping goes before adding', () => {
  expect(resolve(['KILL'], ['KILL'])).not.toContain('CAP_KILL');
});

test('privileged: all that can be given, whatever is dropped', () => {
  expect(resolve([], ['ALL'], true)).toEqual(grantableCapabilities());
});

test('what nobody knows, or the engine lacks, is refused', () => {
  expect(() => resolve(['FLY'], [])).toThrow('FLY');
  expect(() => resolve([], ['FLY'])).toThrow('FLY');
});
