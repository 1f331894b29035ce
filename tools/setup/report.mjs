// @ts-check
/** Where the repository is; everything below is found from here. */
export const ROOT = new URL('../..', import.meta.url).pathname.replace(/\/$/, '');

/** A failure that the person at the terminal can act on: what is wrong, and in `hint` what to do. Shown without a stack. */
export class SetupError extends Error {
  /**
   * @param {string} message
   * @param {string} [hint]
   */
  constructor(message, hint) {
    super(message);
    this.name = 'SetupError';
    this.hint = hint;
  }
}

/**
 * Runs one step of the set-up and prints one line for it: a check mark, what, how it went, why it is needed, seconds.
 * A step that takes long says at once what it is doing.
 *
 * @template T
 * @param {string} name
 * @param {string} why
 * @param {() => Promise<{ said: string, value: T }>} work `said` tells how it went, in a few words
 * @returns {Promise<T>}
 */
export async function step(name, why, work) {
  const start = process.hrtime.bigint();
  const live = process.stdout.isTTY === true;
  const notice = setTimeout(() => process.stdout.write(`… ${name}: ${why}${live ? '' : '\n'}`), live ? 100 : 2000);
  const finish = (/** @type {string} */ line) => {
    clearTimeout(notice);
    process.stdout.write(`${live ? '\r\u001b[K' : ''}${line}\n`);
  };
  try {
    const { said, value } = await work();
    finish(`✓ ${name}: ${said} — ${why} (${seconds(start)} s)`);
    return value;
  } catch (error) {
    finish(`✗ ${name} — ${why} (${seconds(start)} s)`);
    throw error;
  }
}

/**
 * Runs a whole program: a SetupError becomes a sentence and exit code 1. Anything else is our own defect; its stack goes
 * to the terminal only when BERTH_DEBUG is set.
 *
 * @param {() => Promise<void>} program
 */
export async function main(program) {
  try {
    await program();
  } catch (error) {
    process.stdout.write(`\n${sentence(error)}\n`);
    if (process.env.BERTH_DEBUG && error instanceof Error) process.stderr.write(`${error.stack}\n`);
    process.exitCode = 1;
  }
}

/** @param {unknown} error */
function sentence(error) {
  if (error instanceof SetupError) return error.hint === undefined ? error.message : `${error.message}\n${error.hint}`;
  const what = error instanceof Error ? error.message : String(error);
  return `Unexpected: ${what}\nSet BERTH_DEBUG=1 to see where this comes from.`;
}

/** @param {bigint} start */
export function seconds(start) {
  return (Number(process.hrtime.bigint() - start) / 1e9).toFixed(1);
}
