// @ts-check
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { ensureDebianDocker } from './setup/debian-docker.mjs';
import { ensureDebianPackages, TEST_PACKAGES } from './setup/debian-packages.mjs';
import { prepare } from './setup/prepare.mjs';
import { main, ROOT, seconds, step } from './setup/report.mjs';
import { run } from './setup/run.mjs';
import { ensureTestPrograms, TEST_BIN } from './setup/test-programs.mjs';
import { hostState, leaksSince } from './test/host-state.mjs';

const BIN = join(ROOT, 'node_modules/.bin');

/*
 * `npm test`: sets up what is missing, then type check, lint, and all tests: unit, kernel, API, end to end. Arguments go
 * to vitest; with them only the tests run (`npm test -- networks`). The last line is the count, for programs that read it.
 */
await main(async () => {
  const start = process.hrtime.bigint();
  const filters = process.argv.slice(2);
  await prepare();
  await step('Test packages', 'second opinions that tests compare with', () => ensureDebianPackages(TEST_PACKAGES));
  await step(
    "Debian's Docker",
    'what builds and archives are compared with; its service never starts',
    ensureDebianDocker,
  );
  await step(
    'Test programs',
    "Docker's own client, a registry and etcd; their services never start",
    ensureTestPrograms,
  );
  const failures =
    filters.length > 0
      ? 0
      : (await check('Types', 'tsc', ['--noEmit', '-p', 'tsconfig.json'])) +
        (await check('Lint and format', 'biome', ['check', '.']));
  const summary = await tests(filters);
  for (const [reason, count] of Object.entries(summary.reasons)) process.stdout.write(`Skipped ${count}: ${reason}\n`);
  const unproven = filters.length > 0 ? 0 : await check('Options', 'node', ['tools/run-options.ts', '--check']);
  const unshown =
    filters.length > 0 ? 0 : await check('Dockerfile', 'node', ['tools/dockerfile-surface.ts', '--check']);
  const failed = failures + summary.failed + unproven + unshown;
  process.stdout.write(`All of it took ${seconds(start)} s.\n\n`);
  process.stdout.write(
    `${summary.passed} passed, ${failed} failed${summary.skipped > 0 ? `, ${summary.skipped} skipped` : ''}\n`,
  );
  process.exitCode = failed > 0 ? 1 : 0;
});

/**
 * @param {string} name
 * @param {string} program of node_modules/.bin
 * @param {string[]} args
 * @returns {Promise<number>} how many failures to count
 */
async function check(name, program, args) {
  const ran = await run(join(BIN, program), args, { cwd: ROOT, env: environment() });
  process.stdout.write(ran.code === 0 ? `✓ ${name}\n` : `✗ ${name}\n${ran.out}${ran.err}\n`);
  return ran.code === 0 ? 0 : 1;
}

/**
 * Runs vitest in a temporary folder of its own and looks afterwards what is left on the host.
 *
 * @param {string[]} filters
 * @returns {Promise<import('./test/summary-reporter.mjs').Summary>}
 */
async function tests(filters) {
  const scratch = mkdtempSync(join(tmpdir(), 'bt-'));
  mkdirSync(join(ROOT, '.cache'), { recursive: true });
  const written = join(ROOT, '.cache/test-summary.json');
  rmSync(written, { force: true });
  const before = await hostState(scratch);
  try {
    const reporters = ['--reporter=default', `--reporter=${join(ROOT, 'tools/test/summary-reporter.mjs')}`];
    const ran = await run(
      join(BIN, 'node'),
      [join(ROOT, 'node_modules/vitest/vitest.mjs'), 'run', ...reporters, ...filters],
      {
        cwd: ROOT,
        env: { ...environment(), TMPDIR: scratch, BERTH_TEST_SUMMARY: written },
        show: true,
      },
    );
    const summary = existsSync(written)
      ? JSON.parse(readFileSync(written, 'utf8'))
      : { passed: 0, failed: 0, skipped: 0, reasons: {}, options: {} };
    if (ran.code !== 0 && summary.failed === 0) summary.failed = 1; // vitest itself failed, or found no test
    const leaks = await leaksSince(before, scratch);
    for (const leak of leaks) process.stdout.write(`Left behind: ${leak}\n`);
    if (leaks.length > 0) summary.failed += 1;
    return summary;
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
}

/** Nothing of the caller's Docker reaches the tests; the project's own programs come first. */
function environment() {
  return {
    PATH: [TEST_BIN, BIN, process.env.PATH].join(delimiter),
    DOCKER_HOST: undefined,
    DOCKER_CONTEXT: undefined,
    DOCKER_CONFIG: undefined,
    BERTH_HOST: undefined,
    NO_COLOR: process.stdout.isTTY ? undefined : '1',
    LC_ALL: 'C.UTF-8',
  };
}
