import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { minimalProgram } from './minimal-program.ts';

test('it runs and ends with 0', () => {
  const dir = mkdtempSync(join(tmpdir(), 'berth-program-'));
  try {
    writeFileSync(join(dir, 'p'), minimalProgram(), { mode: 0o755 });
    expect(execFileSync(join(dir, 'p')).length).toBe(0);
  } finally {
    rmSync(dir, { recursive: true });
  }
});
