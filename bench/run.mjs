// @ts-check
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { containerCases } from './cases/containers.mjs';
import { imageCases } from './cases/images.mjs';
import { readingCases } from './cases/reading.mjs';
import { resourceCases } from './cases/resources.mjs';
import { parseEngine } from './engine.mjs';
import { measure, ratio } from './measure.mjs';

/** All cases, in the order in which they run. @type {Record<string, import('./measure.mjs').Case>} */
export const CASES = { ...readingCases, ...containerCases, ...imageCases, ...resourceCases };

/**
 * Measures and prints as it goes, one line a case.
 *
 * @param {import('./engine.mjs').Engine[]} engines the first is the base of the ratios
 * @param {{ cases?: string[], rounds?: number, registry?: string }} options without `cases`: all that can run
 * @returns {Promise<Record<string, Record<string, import('./measure.mjs').Outcome>>>} case → engine → outcome
 */
export async function runCases(engines, { cases, rounds = 15, registry }) {
  const folder = mkdtempSync(join(tmpdir(), 'berth-bench-'));
  /** @type {Record<string, Record<string, import('./measure.mjs').Outcome>>} */
  const report = {};
  try {
    for (const name of cases ?? Object.keys(CASES)) {
      const what = CASES[name];
      if (what === undefined)
        throw new Error(`there is no case "${name}"; there are: ${Object.keys(CASES).join(', ')}`);
      if (what.needsRegistry && registry === undefined) continue;
      const outcomes = await measure(what, engines, { rounds, registry, folder });
      report[name] = outcomes;
      process.stdout.write(
        `${name.padEnd(22)}${engines
          .filter(({ name }) => outcomes[name] !== undefined)
          .map((engine) =>
            inWords(
              engine.name,
              outcomes[engine.name],
              ratio(what, outcomes[engines[0]?.name ?? ''], outcomes[engine.name]),
            ),
          )
          .join('   ')}\n`,
      );
    }
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
  return report;
}

/**
 * @param {string} name
 * @param {import('./measure.mjs').Outcome | undefined} outcome
 * @param {number | undefined} times
 */
function inWords(name, outcome, times) {
  if (outcome === undefined) return `${name} -`;
  if ('failed' in outcome) return `${name} failed (${outcome.failed.replaceAll('\n', ' ').slice(0, 160)})`;
  return `${name} ${outcome.median.toFixed(1)} ${outcome.unit} [${outcome.min.toFixed(1)}..${outcome.max.toFixed(1)}] x${(times ?? 1).toFixed(2)}`;
}

if (process.argv[1] === new URL(import.meta.url).pathname) {
  const { values } = parseArgs({
    options: {
      engine: { type: 'string', multiple: true },
      cases: { type: 'string' },
      rounds: { type: 'string' },
      registry: { type: 'string' },
      json: { type: 'string' },
    },
  });
  if (values.engine === undefined)
    throw new Error('give at least one --engine name=NAME,cli=PROGRAM[,host=ADDRESS][,procs=REGEX]');
  const report = await runCases(values.engine.map(parseEngine), {
    ...(values.cases === undefined ? {} : { cases: values.cases.split(',') }),
    ...(values.rounds === undefined ? {} : { rounds: Number(values.rounds) }),
    ...(values.registry === undefined ? {} : { registry: values.registry }),
  });
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(report, null, 1)}\n`);
}
