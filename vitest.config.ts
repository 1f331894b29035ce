import { defineConfig } from 'vitest/config';

/**
 * Four kinds of tests, run in this order so that the cheapest failure is seen first. Files of one kind run side by side,
 * two at a time: each has directories, names and engines of its own. Nothing is retried: a test that fails sometimes is
 * a defect.
 */
export default defineConfig({
  test: {
    pool: 'forks',
    maxWorkers: 2,
    retry: 0,
    passWithNoTests: false,
    projects: [
      kind(
        'unit',
        0,
        ['packages/**/*.test.ts', 'apps/**/*.test.ts', 'tools/**/*.test.ts', 'bench/**/*.test.ts'],
        10_000,
      ),
      kind('kernel', 1, ['tests/kernel/**/*.test.ts'], 30_000),
      kind('api', 2, ['tests/api/**/*.test.ts'], 60_000),
      kind('e2e', 3, ['tests/e2e/**/*.test.ts'], 90_000),
    ],
  },
});

/** `timeout` in milliseconds, for one test; hooks, which start engines and make images, get twice that. */
function kind(name: string, order: number, include: string[], timeout: number) {
  return {
    extends: true as const,
    test: {
      name,
      include,
      exclude: ['**/node_modules/**', '**/dist/**'],
      testTimeout: timeout,
      hookTimeout: 2 * timeout,
      sequence: { groupOrder: order },
      // One second, as it is otherwise, is little on a busy machine for what is only waited for.
      expect: { poll: { timeout: 10_000 } },
    },
  };
}
