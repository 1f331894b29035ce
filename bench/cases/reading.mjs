// @ts-check
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { discard, fleet, named, timed } from '../engine.mjs';

/** @typedef {import('../measure.mjs').Case} Case */

const TWO_HUNDRED = Array.from({ length: 200 }, (_, index) => `p${index}`);
const COUNT_TO_A_MILLION = ['busybox', 'seq', '1', '1000000'];

/** Asking, logs, files in and out. @type {Record<string, Case>} */
export const readingCases = {
  'cli-version': { unit: 'ms', once: ({ engine }) => timed(engine, ['--version']).milliseconds },
  ps: { unit: 'ms', once: ({ engine }) => timed(engine, ['ps']).milliseconds },
  'ps-200': {
    unit: 'ms',
    prepare: ({ engine }) =>
      fleet(engine, 200, 4, (index) => [
        'create',
        '--name',
        named(engine, /** @type {string} */ (TWO_HUNDRED[index])),
        'busybox',
        'true',
      ]),
    once: ({ engine }) => timed(engine, ['ps', '-a']).milliseconds,
    finish: ({ engine }) =>
      discard(
        engine,
        'rm',
        TWO_HUNDRED.map((name) => named(engine, name)),
      ),
  },
  'logs-attached-1M': {
    unit: 'ms',
    rounds: 2,
    once: ({ engine }) => timed(engine, ['run', '--rm', ...COUNT_TO_A_MILLION]).milliseconds,
  },
  'logs-read-1M': {
    unit: 'ms',
    rounds: 3,
    prepare: ({ engine }) => {
      discard(engine, 'rm', [named(engine, 'logs')]);
      timed(engine, ['run', '--name', named(engine, 'logs'), '--log-opt', 'max-size=1g', ...COUNT_TO_A_MILLION]);
    },
    once: ({ engine }) => timed(engine, ['logs', named(engine, 'logs')]).milliseconds,
    finish: ({ engine }) => discard(engine, 'rm', [named(engine, 'logs')]),
  },
  'cp-in-100MB': {
    unit: 'ms',
    rounds: 3,
    prepare: ({ engine, own, folder }) => {
      own.file = join(folder, 'hundred-megabytes');
      writeFileSync(own.file, Buffer.alloc(100_000_000, 7));
      discard(engine, 'rm', [named(engine, 'cp')]);
      timed(engine, ['create', '--name', named(engine, 'cp'), 'busybox', 'true']);
    },
    once: ({ engine, own }) => timed(engine, ['cp', own.file, `${named(engine, 'cp')}:/blob`]).milliseconds,
    finish: ({ engine }) => discard(engine, 'rm', [named(engine, 'cp')]),
  },
};
