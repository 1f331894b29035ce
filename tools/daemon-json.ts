import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { referencePage } from '../apps/engine/settings/reference.ts';
import { ROOT } from './rules/tree.ts';

writeFileSync(join(ROOT, 'docs/reference/daemon-json.md'), referencePage());
