// @ts-check
import { discard, fleet, named, timed } from '../engine.mjs';

/** @typedef {import('../measure.mjs').Case} Case */

const SLEEPER = ['busybox', 'sleep', '600'];
const TWENTY = Array.from({ length: 20 }, (_, index) => index);

/**
 * One command from the call to its end.
 * @param {string[]} args
 * @returns {Case}
 */
const command = (...args) => ({ unit: 'ms', once: ({ engine }) => timed(engine, args).milliseconds });

/** Containers: from start to removal. @type {Record<string, Case>} */
export const containerCases = {
  run: command('run', '--rm', 'busybox', 'true'),
  'run-nonet': command('run', '--rm', '--network', 'none', 'busybox', 'true'),
  'run-publish': command('run', '--rm', '-p', '127.0.0.1::80', 'busybox', 'true'),
  'run-detached': {
    unit: 'ms',
    once: ({ engine, round }) => {
      const name = named(engine, `d${round}`);
      const { milliseconds } = timed(engine, ['run', '-d', '--name', name, ...SLEEPER]);
      discard(engine, 'rm', [name]);
      return milliseconds;
    },
  },
  'rm-running': {
    unit: 'ms',
    once: ({ engine, round }) => {
      const name = named(engine, `r${round}`);
      timed(engine, ['run', '-d', '--name', name, ...SLEEPER]);
      return timed(engine, ['rm', '-f', name]).milliseconds;
    },
  },
  'stop-init': {
    unit: 'ms',
    once: ({ engine, round }) => {
      const name = named(engine, `s${round}`);
      timed(engine, ['run', '-d', '--init', '--name', name, ...SLEEPER]);
      const { milliseconds } = timed(engine, ['stop', name]);
      discard(engine, 'rm', [name]);
      return milliseconds;
    },
  },
  exec: {
    unit: 'ms',
    prepare: ({ engine }) => {
      discard(engine, 'rm', [named(engine, 'exec')]);
      timed(engine, ['run', '-d', '--name', named(engine, 'exec'), ...SLEEPER]);
    },
    once: ({ engine }) => timed(engine, ['exec', named(engine, 'exec'), 'true']).milliseconds,
    finish: ({ engine }) => discard(engine, 'rm', [named(engine, 'exec')]),
  },
  'fleet-start-20': {
    unit: 'ms',
    rounds: 3,
    once: async ({ engine, round }) => {
      const milliseconds = await fleet(engine, 20, 8, (index) => [
        'run',
        '-d',
        '--name',
        named(engine, `f${round}-${index}`),
        ...SLEEPER,
      ]);
      timed(engine, ['rm', '-f', ...TWENTY.map((index) => named(engine, `f${round}-${index}`))]);
      return milliseconds;
    },
  },
};
