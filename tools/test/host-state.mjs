// @ts-check
import { existsSync, readdirSync, readFileSync, readlinkSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { run } from '../setup/run.mjs';

/** Tests never make these; somebody may start an engine with its default names meanwhile. */
const OF_DEFAULT_ENGINE = new Set(['link berth0', 'nftables table inet berth']);

/**
 * What tests may leave behind on a host, each as one line of text.
 *
 * @param {string} scratch folder of this run; processes and files that name it are the run's own
 * @returns {Promise<Set<string>>}
 */
export async function hostState(scratch) {
  const tables = await run('nft', ['list', 'tables']);
  const state = [
    ...links(),
    ...tables.out
      .split('\n')
      .filter(Boolean)
      .map((line) => `nftables ${line}`),
    ...mounts(),
    ...cgroups(),
    ...processes(scratch),
    ...(existsSync(scratch) ? readdirSync(scratch).map((name) => `file ${join(scratch, name)}`) : []),
  ];
  return new Set(state.filter((line) => !OF_DEFAULT_ENGINE.has(line)));
}

/**
 * What is there now and was not before; waits a little, because the kernel clears namespaces up in its own time.
 *
 * @param {Set<string>} before
 * @param {string} scratch
 * @returns {Promise<string[]>}
 */
export async function leaksSince(before, scratch) {
  for (const end = Date.now() + 10_000; ; await delay(200)) {
    const left = [...(await hostState(scratch))].filter((line) => !before.has(line));
    if (left.length === 0 || Date.now() > end) return left;
  }
}

/** Links that no bridge of the host holds: those belong to containers of an engine that serves someone. */
function links() {
  const folder = '/sys/class/net';
  return readdirSync(folder)
    .filter((name) => !existsSync(join(folder, name, 'master')))
    .map((name) => `link ${name}`);
}

/** Mounts by their place, without those of an engine with the default roots and what stays mounted: cgroups, the folder of `ip netns`. */
function mounts() {
  const places = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' ')[4] ?? '');
  return places
    .filter((place) => !/^\/(run|var\/lib)\/berth\/|^\/sys\/fs\/cgroup\/|^\/run\/netns$/.test(place))
    .map((place) => `mount ${place}`);
}

function cgroups() {
  const roots = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields[2]?.startsWith('cgroup'))
    .map((fields) => fields[1] ?? '');
  return roots.flatMap((root) =>
    readdirSync(root, { withFileTypes: true })
      .filter((entry) => entry.isDirectory() && entry.name.startsWith('berth-'))
      .map((entry) => `cgroup ${join(root, entry.name)}`),
  );
}

/** @param {string} scratch */
function processes(scratch) {
  const found = [];
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)) {
    try {
      const words = readFileSync(`/proc/${pid}/cmdline`, 'utf8').replaceAll('\0', ' ').trim();
      if (words.includes(scratch) || readlinkSync(`/proc/${pid}/cwd`).startsWith(`${scratch}/`))
        found.push(`process ${pid}: ${words.slice(0, 120)}`);
    } catch {
      // the process ended while we looked
    }
  }
  return found;
}
