import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { KEY_CASES } from '../../tests/e2e/compose/keys.cases.ts';
import { ROOT } from '../rules/tree.ts';
import { keyRows, page, schemaKeys, unexplained } from './table.ts';

it('every key of the schema has a case that shows its effect, or a reason', () => {
  expect(unexplained(keyRows())).toEqual([]);
});

it('cases are about keys that there are', () => {
  const known = new Set(schemaKeys());
  expect(KEY_CASES.flatMap(({ keys }) => keys).filter((key) => !known.has(key.replace(/^S\./, 'services.*.')))).toEqual(
    [],
  );
});

it('is written down as it is', () => {
  expect(readFileSync(join(ROOT, 'docs/reference/compose-keys.md'), 'utf8'), 'run `npm run compose-keys`').toBe(
    page(keyRows()),
  );
});
