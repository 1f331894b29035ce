import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { optionRows, page, type Results, unproven } from './options/table.ts';
import { ROOT } from './rules/tree.ts';

/** `npm run run-options` writes docs/reference/run-options.md; `--check` tells which options no test of the last whole run proved. */
const file = join(ROOT, '.cache/test-summary.json');
const results: Results = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')).options ?? {}) : {};
const rows = optionRows();
const missing = unproven(rows, results);
if (process.argv.includes('--check')) {
  process.stdout.write(
    `${rows.length - missing.length} of ${rows.length} options of run and create are proven by a test\n`,
  );
} else {
  writeFileSync(join(ROOT, 'docs/reference/run-options.md'), page(rows, results));
  process.stdout.write(`docs/reference/run-options.md: ${rows.length} options\n`);
}
if (missing.length > 0) {
  process.stderr.write(`No test of the last whole run passed for: ${missing.join(' ')}\n`);
  process.exitCode = 1;
}
