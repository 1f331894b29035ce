// @ts-check
import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { createServer } from 'node:net';
import { askEngine } from './engine-api.mjs';
import { SetupError } from './report.mjs';

/**
 * Looks whether a port of this host is free for the container of this name, and says who holds it when it is not.
 *
 * @param {number} port
 * @param {string} container
 * @returns {Promise<{ said: string, value: undefined }>}
 */
export async function checkPort(port, container) {
  const holder = await holderOf(port, container);
  if (holder === container) return { said: `${port}, held by ${container} of an earlier start`, value: undefined };
  if (holder !== undefined) {
    throw new SetupError(
      `Port ${port} of this machine is taken by ${holder}.`,
      `Choose another: BERTH_PORT=${port + 1} npm start`,
    );
  }
  return { said: `${port}, free`, value: undefined };
}

/**
 * The port that BERTH_PORT names, else 8080.
 * @param {string | undefined} text
 */
export function chosenPort(text) {
  const port = text === undefined || text === '' ? 8080 : Number(text);
  if (Number.isInteger(port) && port > 0 && port < 65536) return port;
  throw new SetupError(
    `BERTH_PORT is "${text}", which is not a port: a number from 1 to 65535 is needed`,
    'As in: BERTH_PORT=8090 npm start',
  );
}

/**
 * @param {number} port
 * @param {string} container
 * @returns {Promise<string | undefined>} in words, or the container's name when it is that one
 */
async function holderOf(port, container) {
  /** @type {{ Names: string[], Ports?: { PublicPort?: number, Type: string }[] }[]} */
  const running = (await askEngine('/containers/json')) ?? [];
  const publisher = running.find((one) =>
    one.Ports?.some((published) => published.PublicPort === port && published.Type === 'tcp'),
  );
  if (publisher !== undefined) {
    const name = (publisher.Names[0] ?? '').replace(/^\//, '');
    return name === container ? container : `the Berth container "${name}"`;
  }
  const taken = !(await canListen(port, '0.0.0.0')) || !(await canListen(port, '::'));
  return taken ? (listener(port) ?? 'a program that cannot be seen from here') : undefined;
}

/**
 * @param {number} port
 * @param {string} host
 * @returns {Promise<boolean>} true also where this host has no such addresses at all
 */
function canListen(port, host) {
  return new Promise((done) => {
    const server = createServer();
    server.on('error', (/** @type {NodeJS.ErrnoException} */ error) => done(error.code !== 'EADDRINUSE'));
    server.listen({ port, host, ipv6Only: host === '::' }, () => server.close(() => done(true)));
  });
}

/**
 * The program that listens on a TCP port, by the kernel's socket table and the open files of every process.
 * @param {number} port
 * @returns {string | undefined} as in `nginx (process 812)`
 */
function listener(port) {
  const rows = ['/proc/net/tcp', '/proc/net/tcp6'].flatMap((path) => readFileSync(path, 'utf8').split('\n').slice(1));
  const suffix = `:${port.toString(16).toUpperCase().padStart(4, '0')}`;
  const inodes = rows
    .map((row) => row.trim().split(/\s+/))
    .filter((row) => row[1]?.endsWith(suffix) && row[3] === '0A')
    .map((row) => `socket:[${row[9]}]`);
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      if (readdirSync(`/proc/${pid}/fd`).some((fd) => inodes.includes(readlinkSync(`/proc/${pid}/fd/${fd}`)))) {
        return `${readFileSync(`/proc/${pid}/comm`, 'utf8').trim()} (process ${pid})`;
      }
    } catch {
      // the process or one of its files went away while we looked
    }
  }
  return undefined;
}
