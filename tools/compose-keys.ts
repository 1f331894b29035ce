import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { keyRows, page, unexplained } from './compose-keys/table.ts';
import { ROOT } from './rules/tree.ts';

/** `npm run compose-keys` writes docs/reference/compose-keys.md. */
const rows = keyRows();
writeFileSync(join(ROOT, 'docs/reference/compose-keys.md'), page(rows));
process.stdout.write(`docs/reference/compose-keys.md: ${rows.length} keys\n`);
const missing = unexplained(rows);
if (missing.length > 0) {
  process.stderr.write(`Neither a case nor a reason: ${missing.join(' ')}\n`);
  process.exitCode = 1;
}
