import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmdirSync, rmSync } from 'node:fs';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import type { EngineIdentity } from './identity.ts';

const exec = promisify(execFile);

/** What is left in the system of an engine's containers, one sentence each; `enginePid` itself is not a leak. */
export async function findLeaks(id: EngineIdentity, enginePid: number): Promise<string[]> {
  return [
    ...mountsBelow(id.root)
      .filter((point) => point !== id.execRoot && point !== id.dataRoot)
      .filter((point) => !point.startsWith(path.join(id.execRoot, 'users/'))) // the engine's, for all its containers
      .map((point) => `mount ${point}`),
    ...processesOf(id)
      .filter(({ pid }) => pid !== enginePid)
      .map(({ pid, command }) => `process ${pid}: ${command}`),
    ...cgroupsOf(id).map((directory) => `cgroup ${directory}`),
    ...filesOf(id).map((file) => `file ${file}`),
    ...bridgePorts(id).map((link) => `link ${link} on bridge ${id.bridge}`),
    ...linksOf(id).map((link) => `link ${link}`),
    ...(await publishedPorts(id)).map((element) => `nftables element ${element}`),
  ];
}

/** Repeats `findLeaks` until it finds nothing or the time is over: the kernel clears namespaces up a little later. */
export async function waitForNoLeaks(id: EngineIdentity, enginePid: number, milliseconds: number): Promise<string[]> {
  const end = Date.now() + milliseconds;
  for (;;) {
    const leaks = await findLeaks(id, enginePid);
    if (leaks.length === 0 || Date.now() > end) return leaks;
    await delay(50);
  }
}

/** Takes away everything that an engine of this identity may have made; for the end of a test, after the leak check. */
export async function sweep(id: EngineIdentity): Promise<void> {
  for (const { pid } of processesOf(id)) killQuietly(pid);
  for (const directory of cgroupsOf(id)) {
    for (const pid of processesIn(directory)) killQuietly(pid);
  }
  await until(
    () => processesOf(id).length === 0 && cgroupsOf(id).every((directory) => processesIn(directory).length === 0),
    5000,
  );
  for (const point of mountsBelow(id.root)) await quietly('umount', ['-l', point]);
  await quietly('nft', ['delete', 'table', 'inet', id.nftTable]);
  for (const link of linksOf(id)) await quietly('ip', ['link', 'delete', link]);
  if (existsSync(`/sys/class/net/${id.bridge}`)) await quietly('ip', ['link', 'delete', id.bridge]);
  for (const directory of [...cgroupsOf(id), ...cgroupParents(id)]) removeCgroup(directory);
  rmSync(id.root, { recursive: true, force: true });
}

/** Mount points at or below a directory, deepest first. */
export function mountsBelow(directory: string): string[] {
  return readFileSync('/proc/self/mountinfo', 'utf8')
    .split('\n')
    .map((line) =>
      (line.split(' ')[4] ?? '').replace(/\\([0-7]{3})/g, (_, octal: string) =>
        String.fromCharCode(Number.parseInt(octal, 8)),
      ),
    )
    .filter((point) => point === directory || point.startsWith(`${directory}/`))
    .reverse();
}

/** Processes whose command line names the engine's directories or that live in its cgroups; never the engine's tests. */
function processesOf(id: EngineIdentity): { pid: number; command: string }[] {
  const found: { pid: number; command: string }[] = [];
  for (const entry of readdirSync('/proc')) {
    const pid = Number(entry);
    if (!Number.isInteger(pid) || pid === process.pid) continue;
    const command = readProc(pid, 'cmdline').replaceAll('\0', ' ').trim();
    if (command.includes(id.root) || readProc(pid, 'cgroup').includes(`${id.cgroupParent}/`))
      found.push({ pid, command });
  }
  return found;
}

function readProc(pid: number, file: string): string {
  try {
    return readFileSync(`/proc/${pid}/${file}`, 'utf8');
  } catch {
    return ''; // ended meanwhile
  }
}

function cgroupParents(id: EngineIdentity): string[] {
  return readFileSync('/proc/self/mounts', 'utf8')
    .split('\n')
    .map((line) => line.split(' '))
    .filter((fields) => fields[2] === 'cgroup' || fields[2] === 'cgroup2')
    .map((fields) => path.join(fields[1]!, id.cgroupParent))
    .filter((directory) => existsSync(directory));
}

/** Cgroups below the engine's parent, deepest first, without the parent itself. */
function cgroupsOf(id: EngineIdentity): string[] {
  return cgroupParents(id).flatMap((parent) => directoriesBelow(parent));
}

function directoriesBelow(directory: string): string[] {
  return listDirectories(directory).flatMap((name) => [
    ...directoriesBelow(path.join(directory, name)),
    path.join(directory, name),
  ]);
}

function listDirectories(directory: string): string[] {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => entry.name);
  } catch {
    return []; // removed meanwhile
  }
}

function processesIn(cgroup: string): number[] {
  try {
    return readFileSync(path.join(cgroup, 'cgroup.procs'), 'utf8').split('\n').filter(Boolean).map(Number);
  } catch {
    return []; // removed meanwhile
  }
}

function removeCgroup(directory: string): void {
  try {
    rmdirSync(directory);
  } catch (error) {
    if (existsSync(directory)) throw new Error(`cannot remove cgroup ${directory}`, { cause: error });
  }
}

/**
 * Directories that hold something for each container, or something under way, and nothing otherwise. `exits` is not
 * among them: exit files stay until the next start, which sweeps them.
 */
function filesOf(id: EngineIdentity): string[] {
  const data = ['containers', 'ingest', 'trash', 'build/tmp', 'build/checkouts'].map((name) =>
    path.join(id.dataRoot, name),
  );
  const volatile = ['c', 'ns', 'runtime', 'exec', 'exits', 'stage', 'frozen', 'build'].map((name) =>
    path.join(id.execRoot, name),
  );
  return [...data, ...volatile]
    .filter(existsSync)
    .flatMap((directory) => readdirSync(directory).map((name) => path.join(directory, name)));
}

function bridgePorts(id: EngineIdentity): string[] {
  return existsSync(`/sys/class/net/${id.bridge}`) ? readdirSync(`/sys/class/net/${id.bridge}/brif`) : [];
}

/** Links that the engine made for networks of users: bridges, VLANs, parents that lead nowhere. Their alias names the engine. */
function linksOf(id: EngineIdentity): string[] {
  return readdirSync('/sys/class/net').filter((name) => {
    try {
      return readFileSync(`/sys/class/net/${name}/ifalias`, 'utf8').startsWith(`berth ${id.nftTable} `);
    } catch {
      return false; // no alias, or gone meanwhile
    }
  });
}

/** Elements of maps in the engine's table: every published port is one. So are those of sets that let single ports through. */
async function publishedPorts(id: EngineIdentity): Promise<string[]> {
  const { stdout } = await exec('nft', ['-j', 'list', 'table', 'inet', id.nftTable]).catch(() => ({
    stdout: '{"nftables":[]}',
  }));
  interface Holder {
    name: string;
    elem?: unknown[];
  }
  const { nftables } = JSON.parse(stdout) as { nftables: { map?: Holder; set?: Holder }[] };
  return nftables.flatMap(({ map, set }) => {
    const holder = map ?? (set && ['open4', 'open6', 'linked4'].includes(set.name) ? set : undefined);
    return (holder?.elem ?? []).map((element) => `${holder!.name} ${JSON.stringify(element)}`);
  });
}

function killQuietly(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL');
  } catch {
    // ended by itself
  }
}

async function quietly(program: string, args: string[]): Promise<void> {
  await exec(program, args).catch(() => undefined); // what does not exist need not be removed
}

async function until(condition: () => boolean, milliseconds: number): Promise<void> {
  const end = Date.now() + milliseconds;
  while (!condition() && Date.now() < end) await delay(20);
}
