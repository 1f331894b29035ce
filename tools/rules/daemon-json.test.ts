import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { referencePage } from '../../apps/engine/settings/reference.ts';
import { ROOT } from './tree.ts';

it('every setting of the engine is written down as it is', () => {
  const page = readFileSync(join(ROOT, 'docs/reference/daemon-json.md'), 'utf8');
  expect(page, 'run `npm run daemon-json`').toBe(referencePage());
});
