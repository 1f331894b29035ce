// @ts-check
import { spawn } from 'node:child_process';
import { openSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Starts a daemon and waits until it answers on its socket. It ends with the private host that it runs on.
 *
 * @param {{ program: string, args: string[], path?: string, socket: string, log: string }} daemon `path` comes first in PATH
 * @returns {Promise<void>}
 */
export async function startDaemon({ program, args, path, socket, log }) {
  const output = openSync(log, 'a');
  const env = { ...process.env, PATH: [...(path === undefined ? [] : [path]), process.env.PATH].join(':') };
  const child = spawn(program, args, { stdio: ['ignore', output, output], env });
  let ended = '';
  child.on('error', (error) => (ended = error.message));
  child.on('exit', (code, signal) => (ended = `it ended with ${code ?? signal}`));
  child.unref();
  for (const end = Date.now() + 30_000; !(await answers(socket)); await delay(50)) {
    if (ended === '' && Date.now() < end) continue;
    const said = readFileSync(log, 'utf8').slice(-2000);
    throw new Error(`${program} does not answer at ${socket} (${ended || 'still starting'}):\n${said}`);
  }
}

/**
 * @param {string} socketPath
 * @returns {Promise<boolean>}
 */
function answers(socketPath) {
  return new Promise((done) => {
    get({ socketPath, path: '/_ping', timeout: 2000 }, (response) => {
      response.resume();
      response.on('end', () => done(response.statusCode === 200));
    }).on('error', () => done(false));
  });
}
