// @ts-check

/**
 * One thing that is measured. `once` gives one sample; the engine's own state between `prepare` and `finish` is in `own`.
 *
 * @typedef {import('./engine.mjs').Engine} Engine
 * @typedef {{ engine: Engine, round: number, own: Record<string, any>, registry: string | undefined, folder: string }} Turn
 * @typedef {object} Case
 * @property {'ms' | 'MB/s' | 'MiB'} unit
 * @property {number} [rounds] instead of the number asked for: where a sample is long
 * @property {boolean} [moreIsBetter]
 * @property {boolean} [needsRegistry]
 * @property {boolean} [needsProcesses]
 * @property {boolean} [isBuild] measured with BuildKit too
 * @property {(turn: Turn) => unknown} [prepare]
 * @property {(turn: Turn) => number | Promise<number>} once
 * @property {(turn: Turn) => unknown} [finish]
 *
 * @typedef {{ median: number, min: number, max: number, samples: number, unit: string } | { failed: string }} Outcome
 */

/**
 * Measures one case on all engines. They take turns, round by round, so that a machine that becomes slower hits all
 * alike; the first round of short cases warms up and does not count. An engine that fails is out for this case.
 *
 * @param {Case} what
 * @param {Engine[]} engines
 * @param {{ rounds: number, registry: string | undefined, folder: string }} options
 * @returns {Promise<Record<string, Outcome>>} by the name of the engine
 */
export async function measure(what, engines, { rounds: wished, registry, folder }) {
  const rounds = what.rounds ?? wished;
  const warmUp = rounds >= 4 ? 1 : 0;
  const taking = engines
    .filter((engine) => !what.needsProcesses || engine.processes !== undefined)
    .filter((engine) => !engine.buildKit || what.isBuild)
    .map((engine) => ({
      turn: { engine, round: 0, own: {}, registry, folder },
      samples: /** @type {number[]} */ ([]),
      failed: /** @type {string | undefined} */ (undefined),
    }));
  for (const one of taking) one.failed = await failureOf(() => what.prepare?.(one.turn));
  for (let round = 0; round < rounds + warmUp; round++) {
    for (const one of taking.filter(({ failed }) => failed === undefined)) {
      one.turn.round = round;
      one.failed = await failureOf(async () => {
        const sample = await what.once(one.turn);
        if (round >= warmUp) one.samples.push(sample);
      });
    }
  }
  for (const one of taking) one.failed = (await failureOf(() => what.finish?.(one.turn))) ?? one.failed;
  return Object.fromEntries(
    taking.map(({ turn, samples, failed }) => [
      turn.engine.name,
      failed === undefined ? outcome(samples, what.unit) : { failed },
    ]),
  );
}

/**
 * How many times better `mine` is than `base`; below 1 is worse.
 *
 * @param {Case} what
 * @param {Outcome | undefined} base
 * @param {Outcome | undefined} mine
 * @returns {number | undefined} undefined when one of them failed
 */
export function ratio(what, base, mine) {
  if (base === undefined || mine === undefined || 'failed' in base || 'failed' in mine) return undefined;
  return what.moreIsBetter ? mine.median / base.median : base.median / mine.median;
}

/**
 * @param {number[]} samples
 * @param {string} unit
 * @returns {Outcome}
 */
function outcome(samples, unit) {
  const sorted = [...samples].sort((a, b) => a - b);
  return {
    median: sorted[Math.floor((sorted.length - 1) / 2)] ?? Number.NaN,
    min: sorted[0] ?? Number.NaN,
    max: sorted.at(-1) ?? Number.NaN,
    samples: sorted.length,
    unit,
  };
}

/**
 * @param {() => unknown} work
 * @returns {Promise<string | undefined>}
 */
async function failureOf(work) {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}
