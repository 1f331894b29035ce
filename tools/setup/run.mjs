// @ts-check
import { spawn } from 'node:child_process';
import { SetupError } from './report.mjs';

/** How much of a program's output is kept: its end, where errors stand. */
const KEPT = 256 * 1024;

/**
 * @typedef {object} RunOptions
 * @property {string} [cwd]
 * @property {Record<string, string | undefined>} [env] on top of ours; undefined removes
 * @property {string} [input] for standard input, which is closed otherwise
 * @property {number} [timeout] milliseconds, then it is killed
 * @property {boolean} [show] output goes to the terminal instead of being collected
 *
 * @typedef {{ code: number, out: string, err: string }} Ran `code` is 127 when the program is missing, 128+n after a signal
 */

/**
 * Runs a program to its end, never through a shell.
 *
 * @param {string} program
 * @param {string[]} args
 * @param {RunOptions} [options]
 * @returns {Promise<Ran>}
 */
export function run(program, args, options = {}) {
  return new Promise((done) => {
    const env = { ...process.env, ...options.env };
    const shown = options.show ? 'inherit' : 'pipe';
    const child = spawn(program, args, {
      cwd: options.cwd,
      env,
      stdio: [options.input === undefined ? 'ignore' : 'pipe', shown, shown],
      timeout: options.timeout,
      killSignal: 'SIGKILL',
    });
    let out = '';
    let err = '';
    child.stdout?.setEncoding('utf8').on('data', (text) => (out = (out + text).slice(-KEPT)));
    child.stderr?.setEncoding('utf8').on('data', (text) => (err = (err + text).slice(-KEPT)));
    child.stdin?.on('error', () => {}); // a program that does not read its input is no failure: its exit code decides
    child.stdin?.end(options.input);
    child.on('error', (error) => done({ code: 127, out, err: error.message }));
    child.on('close', (code, signal) => done({ code: code ?? (signal === 'SIGKILL' ? 137 : 143), out, err }));
  });
}

/**
 * Like `run`, and throws when the program fails; `attempt` says what was tried, as in "cannot ATTEMPT".
 *
 * @param {string} attempt
 * @param {string} program
 * @param {string[]} args
 * @param {RunOptions & { hint?: string }} [options]
 * @returns {Promise<Ran>}
 */
export async function mustRun(attempt, program, args, options = {}) {
  const ran = await run(program, args, options);
  if (ran.code === 0) return ran;
  const said = lastLines(ran.err.trim() || ran.out.trim(), 12);
  throw new SetupError(`Cannot ${attempt}: ${program} ended with ${ran.code}${said && `\n${said}`}`, options.hint);
}

/**
 * @param {string} text
 * @param {number} count
 */
export function lastLines(text, count) {
  return text
    .split('\n')
    .slice(-count)
    .map((line) => `    ${line}`)
    .join('\n');
}
