// @ts-check
import { readdirSync, readFileSync } from 'node:fs';
import { get } from 'node:http';
import { createServer } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { discard, fleet, named, timed } from '../engine.mjs';

/** @typedef {import('../measure.mjs').Case} Case */

/** @param {number} port */
const serve500MB = (port) =>
  `mkdir /www && dd if=/dev/zero of=/www/blob bs=1M count=500 2>/dev/null && exec httpd -f -p ${port} -h /www`;
const TWENTY = Array.from({ length: 20 }, (_, index) => `m${index}`);

/** What the engine takes and lets through. @type {Record<string, Case>} */
export const resourceCases = {
  'publish-throughput': {
    unit: 'MB/s',
    rounds: 3,
    moreIsBetter: true,
    prepare: async ({ engine, own }) => {
      discard(engine, 'rm', [named(engine, 'http')]);
      timed(engine, [
        'run',
        '-d',
        '--name',
        named(engine, 'http'),
        '-p',
        '127.0.0.1::80',
        'busybox',
        'sh',
        '-c',
        serve500MB(80),
      ]);
      own.port = Number(/:(\d+)$/m.exec(timed(engine, ['port', named(engine, 'http'), '80']).output)?.[1]);
      await untilServed(own.port);
    },
    once: ({ own }) => throughput(own.port),
    finish: ({ engine }) => discard(engine, 'rm', [named(engine, 'http')]),
  },
  'loopback-throughput': {
    unit: 'MB/s',
    rounds: 3,
    moreIsBetter: true,
    prepare: async ({ engine, own }) => {
      discard(engine, 'rm', [named(engine, 'loop')]);
      own.port = await freePort();
      const server = ['busybox', 'sh', '-c', serve500MB(own.port)];
      timed(engine, ['run', '-d', '--name', named(engine, 'loop'), '--network', 'host', ...server]);
      await untilServed(own.port);
    },
    once: ({ own }) => throughput(own.port),
    finish: ({ engine }) => discard(engine, 'rm', [named(engine, 'loop')]),
  },
  'memory-idle': {
    unit: 'MiB',
    rounds: 1,
    needsProcesses: true,
    once: ({ engine }) => memoryOf(/** @type {RegExp} */ (engine.processes)),
  },
  'memory-per-container': {
    unit: 'MiB',
    rounds: 1,
    needsProcesses: true,
    once: async ({ engine }) => {
      const processes = /** @type {RegExp} */ (engine.processes);
      const before = memoryOf(processes);
      await fleet(engine, 20, 4, (index) => [
        'run',
        '-d',
        '--name',
        named(engine, /** @type {string} */ (TWENTY[index])),
        '-p',
        '127.0.0.1::80',
        'busybox',
        'sleep',
        '600',
      ]);
      await delay(1500); // what start-up needed for a moment is given back
      const after = memoryOf(processes);
      timed(engine, ['rm', '-f', ...TWENTY.map((name) => named(engine, name))]);
      return (after - before) / 20;
    },
  },
};

/**
 * Memory of all processes whose command line matches, each with its share of what it shares (PSS).
 *
 * @param {RegExp} pattern
 * @returns {number} MiB
 */
export function memoryOf(pattern) {
  let kibibytes = 0;
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    try {
      const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
      if (!pattern.test(command) || /\bbench\/\w+\.mjs\b/.test(command)) continue;
      kibibytes += Number(/^Pss:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8'))?.[1] ?? 0);
    } catch {
      // the process ended while we looked
    }
  }
  return kibibytes / 1024;
}

/** @returns {Promise<number>} a TCP port that nobody listens on now */
function freePort() {
  return new Promise((done, fail) => {
    const server = createServer();
    server.once('error', fail).listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** @param {number} port */
async function untilServed(port) {
  for (const end = Date.now() + 15_000; ; await delay(100)) {
    try {
      return await throughput(port);
    } catch (error) {
      if (Date.now() > end) throw new Error('the published port never answered', { cause: error });
    }
  }
}

/**
 * @param {number} port
 * @returns {Promise<number>} MB/s of one download
 */
function throughput(port) {
  return new Promise((done, fail) => {
    const start = process.hrtime.bigint();
    let bytes = 0;
    get({ host: '127.0.0.1', port, path: '/blob', agent: false }, (response) => {
      response.on('data', (part) => (bytes += part.length));
      response.on('end', () =>
        response.statusCode === 200
          ? done(bytes / 1e6 / (Number(process.hrtime.bigint() - start) / 1e9))
          : fail(new Error(`status ${response.statusCode}`)),
      );
    }).on('error', fail);
  });
}
