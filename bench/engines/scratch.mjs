// @ts-check
import { spawn } from 'node:child_process';
import { createWriteStream, existsSync, readdirSync, readFileSync, rmdirSync } from 'node:fs';
import { get } from 'node:http';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Starts a daemon and waits until it answers on its socket.
 *
 * @param {{ program: string, args: string[], path?: string, socket: string, log: string }} daemon `path` comes first in PATH
 * @returns {Promise<{ stop: () => Promise<void> }>} ends the daemon by its own process id
 */
export async function startDaemon({ program, args, path, socket, log }) {
  const child = spawn(program, args, {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, PATH: [...(path === undefined ? [] : [path]), process.env.PATH].join(':') },
  });
  const file = createWriteStream(log);
  child.stdout.pipe(file, { end: false });
  child.stderr.pipe(file, { end: false });
  let ended = '';
  child.on('error', (error) => (ended = error.message));
  child.on('exit', (code, signal) => (ended = `it ended with ${code ?? signal}`));
  const exit = new Promise((done) => child.on('exit', done));
  for (const end = Date.now() + 30_000; !(await answers(socket)); await delay(50)) {
    if (ended !== '' || Date.now() > end)
      throw new Error(
        `${program} does not answer at ${socket} (${ended || 'still starting'}):\n${readFileSync(log, 'utf8').slice(-2000)}`,
      );
  }
  return {
    stop: async () => {
      child.kill('SIGTERM');
      const late = setTimeout(() => child.kill('SIGKILL'), 20_000);
      await exit;
      clearTimeout(late);
      file.end();
    },
  };
}

/**
 * Removes a cgroup and those below it, in every hierarchy; only empty ones go.
 * @param {string} name without leading slash
 */
export function removeCgroups(name) {
  const roots = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields[2]?.startsWith('cgroup'))
    .map((fields) => fields[1] ?? '');
  for (const root of roots) removeTree(join(root, name));
}

/** @param {string} folder */
function removeTree(folder) {
  if (!existsSync(folder)) return;
  for (const entry of readdirSync(folder, { withFileTypes: true }))
    if (entry.isDirectory()) removeTree(join(folder, entry.name));
  rmdirSync(folder);
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
