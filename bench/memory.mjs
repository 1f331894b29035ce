// @ts-check
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { busyboxImage, dockerArchive } from '../tests/support/images.ts';
import { build } from '../tools/build.mjs';
import { main, step } from '../tools/setup/report.mjs';
import { mustRun } from '../tools/setup/run.mjs';
import { fleet, timed } from './engine.mjs';
import { startBerth } from './engines/berth.mjs';
import { onPrivateHost } from './engines/private-host.mjs';

const COUNT = 20;
const NAMES = Array.from({ length: COUNT }, (_, index) => `memory-${index}`);

/*
 * Where Berth's memory goes, on a private host: every process of the engine, by kind of memory, after the start, with
 * containers, and after they are gone.   npm run bench:memory
 */
await main(async () => {
  if (process.argv[2] === '--inside') return profile(/** @type {string} */ (process.argv[3]));
  await step('Build', 'what is measured is what is shipped', build);
  const self = /** @type {string} */ (process.argv[1]);
  process.exitCode = await onPrivateHost((scratch) => [process.execPath, self, '--inside', scratch]);
});

/** @param {string} scratch */
async function profile(scratch) {
  await mustRun('raise the loopback link', 'ip', ['link', 'set', 'lo', 'up']);
  const { client, engine } = await startBerth(scratch);
  const archive = join(scratch, 'busybox.tar');
  writeFileSync(archive, dockerArchive([busyboxImage(['busybox:latest'])]));
  const processes = /** @type {RegExp} */ (engine.processes);
  show('after the start', processes);
  timed(client, ['load', '-q', '-i', archive]);
  await fleet(client, COUNT, 4, (index) => [
    'run',
    '-d',
    '--name',
    /** @type {string} */ (NAMES[index]),
    '-p',
    '127.0.0.1::80',
    'busybox',
    'sleep',
    '600',
  ]);
  await delay(2000);
  show(`with ${COUNT} containers, each with a published port`, processes);
  timed(client, ['rm', '-f', ...NAMES]);
  await delay(10_000);
  show('10 seconds after they are gone', processes);
}

/**
 * @param {string} title
 * @param {RegExp} pattern
 */
function show(title, pattern) {
  const all = readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .flatMap((pid) => memoryOf(pid, pattern));
  const groups = Map.groupBy(all, ({ program }) => program);
  process.stdout.write(
    `\n${title}\n${'program'.padEnd(20)}${['count', 'PSS', 'anonymous', 'of files'].map((name) => name.padStart(12)).join('')}   MiB\n`,
  );
  for (const [program, list] of groups) {
    const sum = (/** @type {'pss' | 'anonymous' | 'files'} */ field) =>
      (list.reduce((total, one) => total + one[field], 0) / 1024).toFixed(1);
    process.stdout.write(
      `${program.padEnd(20)}${[String(list.length), sum('pss'), sum('anonymous'), sum('files')].map((text) => text.padStart(12)).join('')}\n`,
    );
  }
}

/**
 * @param {string} pid
 * @param {RegExp} pattern
 * @returns {{ program: string, pss: number, anonymous: number, files: number }[]} KiB; empty when it is another's or gone
 */
function memoryOf(pid, pattern) {
  try {
    const command = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ');
    if (!pattern.test(command) || /\bbench\/\w+\.mjs\b/.test(command)) return [];
    const rollup = readFileSync(`/proc/${pid}/smaps_rollup`, 'utf8');
    const field = (/** @type {string} */ name) => Number(new RegExp(`^${name}:\\s+(\\d+)`, 'm').exec(rollup)?.[1] ?? 0);
    return [
      {
        program: readFileSync(`/proc/${pid}/comm`, 'utf8').trim(),
        pss: field('Pss'),
        anonymous: field('Pss_Anon'),
        files: field('Pss_File'),
      },
    ];
  } catch {
    return []; // the process ended while we looked
  }
}
