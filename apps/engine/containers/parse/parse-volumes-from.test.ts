import { expect, test } from 'vitest';
import { parseVolumesFrom } from './parse-volumes-from.ts';

test.each([
  ['db', { container: 'db', readOnly: false }],
  ['db:ro', { container: 'db', readOnly: true }],
  ['db:rw', { container: 'db', readOnly: false }],
  ['db:ro,z', { container: 'db', readOnly: true }],
])('%s', (reference, parsed) => {
  expect(parseVolumesFrom(reference)).toEqual(parsed);
});

test.each([
  ['', 'volumes-from specification cannot be an empty string'],
  ['db:', 'invalid mode: '],
  ['db:x', 'invalid mode: x'],
  ['db:ro:rw', 'invalid mode: ro:rw'],
  ['db:rslave', 'invalid mode: rslave'],
  ['db:nocopy', 'invalid mode: nocopy'],
])('%j is refused', (reference, message) => {
  expect(() => parseVolumesFrom(reference)).toThrow(expect.objectContaining({ code: 'invalid', message }));
});
