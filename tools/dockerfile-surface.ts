import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { NOT_HERE } from './dockerfile/rows.ts';
import { page, type Results, testedRows, unproven } from './dockerfile/table.ts';
import { ROOT } from './rules/tree.ts';

/** `npm run dockerfile-surface` writes docs/reference/dockerfile.md; `--check` tells which rows no test of the last whole run proved. */
const file = join(ROOT, '.cache/test-summary.json');
const results: Results = existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')).options ?? {}) : {};
const rows = testedRows();
const missing = unproven(rows, results);
const wanted = rows.length - Object.keys(NOT_HERE).length;
if (process.argv.includes('--check')) {
  process.stdout.write(
    `${wanted - missing.length} of ${wanted} rows of the Dockerfile language are proven by a test\n`,
  );
} else {
  writeFileSync(join(ROOT, 'docs/reference/dockerfile.md'), page(rows, results));
  process.stdout.write(`docs/reference/dockerfile.md: ${rows.length} rows\n`);
}
if (missing.length > 0) {
  process.stderr.write(`No test of the last whole run passed for: ${missing.join(' ')}\n`);
  process.exitCode = 1;
}
