import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { ROOT } from './rules/tree.ts';
import { emptyCells, page, whereIs } from './where/table.ts';

const rows = whereIs();
const empty = emptyCells(rows);
if (empty.length > 0) {
  process.stderr.write(
    `docs/where-is.md was not written: every command needs a file, a call, a route, a place in the engine and a test.\n${empty.map((line) => `  ${line}`).join('\n')}\n`,
  );
  process.exitCode = 1;
} else {
  writeFileSync(join(ROOT, 'docs/where-is.md'), page(rows));
  process.stdout.write(`docs/where-is.md: ${rows.length} commands\n`);
}
