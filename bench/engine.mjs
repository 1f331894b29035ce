// @ts-check
import { spawn, spawnSync } from 'node:child_process';

/**
 * One engine under measurement: a command line client and the address that it talks to.
 *
 * @typedef {object} Engine
 * @property {string} name
 * @property {string[]} cli the client's program, with leading arguments where it needs any
 * @property {string} [host] for DOCKER_HOST
 * @property {boolean} [buildKit] builds by BuildKit, which takes part in cases of builds only
 * @property {RegExp} [processes] command lines of everything that belongs to the engine, for memory
 */

/**
 * The engine that `name=docker,cli=docker,host=unix:///…,procs=dockerd|containerd` describes.
 * @param {string} text
 * @returns {Engine}
 */
export function parseEngine(text) {
  const fields = new Map(
    text
      .split(',')
      .map((pair) => /** @type {[string, string]} */ ([pair.split('=', 1)[0], pair.slice(pair.indexOf('=') + 1)])),
  );
  const name = fields.get('name');
  const cli = fields.get('cli');
  if (name === undefined || cli === undefined) throw new Error(`an engine needs name= and cli=: "${text}"`);
  const procs = fields.get('procs');
  return {
    name,
    cli: cli.split(' '),
    ...(fields.has('host') ? { host: fields.get('host') } : {}),
    ...(procs === undefined ? {} : { processes: new RegExp(procs) }),
  };
}

/**
 * A name for what a case makes; two clients may drive one engine.
 *
 * @param {Engine} engine
 * @param {string | number} what
 */
export function named(engine, what) {
  return `bench-${engine.name}-${what}`;
}

/**
 * Runs one client command to its end.
 *
 * @param {Engine} engine
 * @param {string[]} args
 * @returns {{ milliseconds: number, output: string }} wall time as a user at a terminal has it, and standard output
 */
export function timed(engine, args) {
  const [program = '', ...before] = engine.cli;
  const start = process.hrtime.bigint();
  const ran = spawnSync(program, [...before, ...args], {
    env: environment(engine),
    encoding: 'utf8',
    maxBuffer: 1 << 28,
    timeout: 60_000,
  });
  const milliseconds = Number(process.hrtime.bigint() - start) / 1e6;
  if (ran.status !== 0)
    throw new Error(
      `${args.join(' ')}: ${ran.status ?? ran.signal ?? ran.error?.message}: ${(ran.stderr ?? '').trim().slice(-300)}`,
    );
  return { milliseconds, output: ran.stdout.trim() };
}

/**
 * Removes containers or images by name; what does not exist is as good as removed.
 *
 * @param {Engine} engine
 * @param {'rm' | 'rmi'} verb
 * @param {string[]} names
 */
export function discard(engine, verb, names) {
  const [program = '', ...before] = engine.cli;
  spawnSync(program, [...before, verb, '-f', ...names], {
    env: environment(engine),
    stdio: 'ignore',
    timeout: 120_000,
  });
}

/**
 * Starts `count` commands, `atOnce` of them side by side.
 *
 * @param {Engine} engine
 * @param {number} count
 * @param {number} atOnce
 * @param {(index: number) => string[]} argsOf
 * @returns {Promise<number>} milliseconds until the last has ended
 */
export async function fleet(engine, count, atOnce, argsOf) {
  const waiting = Array.from({ length: count }, (_, index) => argsOf(index));
  const start = process.hrtime.bigint();
  await Promise.all(
    Array.from({ length: atOnce }, async () => {
      for (let args = waiting.shift(); args !== undefined; args = waiting.shift()) await untimed(engine, args);
    }),
  );
  return Number(process.hrtime.bigint() - start) / 1e6;
}

/**
 * @param {Engine} engine
 * @param {string[]} args
 * @returns {Promise<void>}
 */
function untimed(engine, args) {
  const [program = '', ...before] = engine.cli;
  return new Promise((done, fail) => {
    const child = spawn(program, [...before, ...args], {
      env: environment(engine),
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text) => (said = (said + text).slice(-300)));
    child.on('error', fail);
    child.on('close', (code) => (code === 0 ? done() : fail(new Error(`${args.join(' ')}: ${code}: ${said.trim()}`))));
  });
}

/** @param {Engine} engine */
function environment(engine) {
  const { DOCKER_CONTEXT: _, ...env } = process.env;
  return {
    ...env,
    ...(engine.host === undefined ? {} : { DOCKER_HOST: engine.host }),
    DOCKER_BUILDKIT: engine.buildKit ? '1' : '0',
    DOCKER_CLI_HINTS: 'false',
  };
}
