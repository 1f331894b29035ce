// @ts-check
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { isOurs, whatIsAt } from '../setup/command-link.mjs';
import { run } from '../setup/run.mjs';

/** Where an engine that is told nothing keeps everything; the names are those of apps/engine/config.ts. */
const FOLDERS = ['/var/lib/berth', '/run/berth', '/var/log/berth'];
const BRIDGE = 'berth0';
const TABLE = 'berth';
const CGROUP = 'berth';
const COMMENT = 'berth engine berth';
const COMMANDS = ['berth', 'docker', 'docker-compose'].map((name) => join('/usr/local/bin', name));

/**
 * @typedef {object} Parts what of Berth is on this machine
 * @property {number[]} processes monitors of containers, and what runs in containers
 * @property {string[]} mounts deepest first
 * @property {string[]} cgroups deepest first
 * @property {string[]} links bridges
 * @property {string[]} tables of nftables
 * @property {{ table: string, chain: string, handle: number }[]} rules of ours in tables of other programs
 * @property {string[]} commands links to Berth's client
 * @property {string[]} folders
 * @property {string[]} all the same in words
 */

/** @returns {Promise<Parts>} */
export async function findParts() {
  const cgroups = cgroupFolders();
  const processes = [...new Set([...monitors(), ...cgroups.flatMap(processesIn)])];
  const mounts = mountsBelow(['/run/berth', '/var/lib/berth']);
  const listed = await run('nft', ['list', 'tables']);
  const tables = listed.out.split('\n').includes(`table inet ${TABLE}`) ? [TABLE] : [];
  const links = (await bridges()).filter((name) => existsSync(`/sys/class/net/${name}`));
  const rules = await rulesElsewhere();
  const commands = COMMANDS.filter((path) => isOurs(whatIsAt(path) ?? ''));
  const folders = FOLDERS.filter((path) => existsSync(path));
  const all = [
    ...(processes.length > 0 ? [`${processes.length} processes of containers and their monitors`] : []),
    ...(mounts.length > 0 ? [`${mounts.length} mounts below /run/berth and /var/lib/berth`] : []),
    ...(cgroups.length > 0 ? [`${cgroups.length} cgroups`] : []),
    ...links.map((name) => `the link ${name}`),
    ...tables.map((name) => `the nftables table inet ${name}`),
    ...rules.map(({ table, chain }) => `a rule in chain ${chain} of the nftables table ${table}`),
    ...commands.map((path) => `the command ${path}`),
    ...folders.map((path) => `the folder ${path} with all it holds`),
  ];
  return { processes, mounts, cgroups, links, tables, rules, commands, folders, all };
}

/** The default bridge, and those of networks as the engine's rules list them. */
async function bridges() {
  const listed = await run('nft', ['--json', 'list', 'set', 'inet', TABLE, 'bridges']);
  if (listed.code !== 0) return [BRIDGE];
  /** @type {{ nftables: { set?: { elem?: string[] } }[] }} */
  const { nftables } = JSON.parse(listed.out);
  return [...new Set([BRIDGE, ...nftables.flatMap(({ set }) => set?.elem ?? [])])];
}

/** Accept rules that let traffic of containers pass firewalls of others; they carry the engine's comment. */
async function rulesElsewhere() {
  const listed = await run('nft', ['--json', '--handle', 'list', 'ruleset']);
  if (listed.code !== 0) return []; // without nft there never was a rule
  /** @type {{ nftables: { rule?: { family: string, table: string, chain: string, handle: number, comment?: string } }[] }} */
  const { nftables } = JSON.parse(listed.out);
  return nftables.flatMap(({ rule }) =>
    rule !== undefined && rule.comment === COMMENT
      ? [{ table: `${rule.family} ${rule.table}`, chain: rule.chain, handle: rule.handle }]
      : [],
  );
}

/** Every cgroup hierarchy may hold a tree of ours. */
function cgroupFolders() {
  const mounts = readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '));
  const roots = mounts
    .filter((fields) => fields[2] === 'cgroup' || fields[2] === 'cgroup2')
    .map((fields) => join(fields[1] ?? '', CGROUP));
  return roots.filter((path) => existsSync(path)).flatMap(withFoldersBelow);
}

/**
 * @param {string} folder
 * @returns {string[]} deepest first
 */
function withFoldersBelow(folder) {
  const below = readdirSync(folder, { withFileTypes: true }).filter((entry) => entry.isDirectory());
  return [...below.flatMap((entry) => withFoldersBelow(join(folder, entry.name))), folder];
}

/** @param {string} cgroup */
function processesIn(cgroup) {
  const file = join(cgroup, 'cgroup.procs');
  return existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean).map(Number) : [];
}

/** Monitors and proxies: programs whose command line names the engine's state folder. */
function monitors() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
    .filter((pid) => /[\0=:]\/run\/berth[/:]/.test(commandLine(pid)))
    .map(Number);
}

/** @param {string} pid */
function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return ''; // ended while we looked
  }
}

/** @param {string[]} folders */
function mountsBelow(folders) {
  const places = readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .filter(Boolean)
    .map((line) => line.split(' ')[4] ?? '');
  return places
    .filter((place) => folders.some((folder) => place === folder || place.startsWith(`${folder}/`)))
    .reverse();
}
