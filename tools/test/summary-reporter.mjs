// @ts-check
import { writeFileSync } from 'node:fs';

/**
 * What the whole run came to. `failed` also counts files that could not be loaded and errors outside of any test.
 * `options`: how the tests of options and of rows of the Dockerfile language ended, by file and title (tools/options/table.ts,
 * tools/dockerfile/table.ts).
 * @typedef {{ passed: number, failed: number, skipped: number, reasons: Record<string, number>, options: Record<string, string> }} Summary
 */

/** Titles that begin with rows of the Dockerfile language: `FROM/rule-1, parser-3: …`. */
const ROWS = /^(?:[\w-]+\/[^\s,]+|(?:parser|dockerignore)-\d+)(?:, [^\s,]+)*: /;

/** Writes the summary of a run as JSON to the file that BERTH_TEST_SUMMARY names. A vitest reporter. */
export default class SummaryReporter {
  /**
   * @param {readonly import('vitest/node').TestModule[]} modules
   * @param {readonly unknown[]} errors
   */
  onTestRunEnd(modules, errors) {
    /** @type {Summary} */
    const summary = { passed: 0, failed: errors.length, skipped: 0, reasons: {}, options: {} };
    for (const module of modules) {
      const before = summary.failed;
      for (const test of module.children.allTests()) count(summary, test);
      if (module.state() === 'failed' && summary.failed === before) summary.failed += 1; // failed outside of its tests
    }
    writeFileSync(/** @type {string} */ (process.env.BERTH_TEST_SUMMARY), JSON.stringify(summary));
  }
}

/**
 * @param {Summary} summary
 * @param {import('vitest/node').TestCase} test
 */
function count(summary, test) {
  const result = test.result();
  if (test.name.startsWith('--') || ROWS.test(test.name))
    summary.options[`${test.module.relativeModuleId} ${test.name}`] = result.state;
  if (result.state === 'passed') summary.passed += 1;
  else if (result.state === 'failed') summary.failed += 1;
  else {
    const reason =
      (result.state === 'skipped' && result.note) || `${titleOf(test)}, in ${test.module.relativeModuleId}`;
    summary.skipped += 1;
    summary.reasons[reason] = (summary.reasons[reason] ?? 0) + 1;
  }
}

/**
 * What was skipped, where no reason was noted: the group's title, which says what it needs, or the test's own.
 * @param {import('vitest/node').TestCase} test
 */
function titleOf(test) {
  return test.parent.type === 'suite' ? test.parent.fullName : test.fullName;
}
