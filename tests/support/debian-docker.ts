import { type ChildProcess, execFileSync, spawn, spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { detectCgroups, mountUnusedControllers, removeCgroup } from '../../apps/engine/linux/cgroup.ts';
import { DEBIAN_DOCKER } from '../../tools/setup/debian-docker.mjs';
import { findDocker } from './fake-engine.ts';

/** Debian's Docker engine with a folder of its own and without any network: for images. */
export interface DebianDocker {
  /** Runs its client with these arguments; gives the output. */
  docker(...args: string[]): string;
  /** What clients connect to. */
  host: string;
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** Its client, which still has both builders. */
export const DEBIAN_CLIENT = path.join(DEBIAN_DOCKER, 'usr/bin/docker');
const DAEMON = path.join(DEBIAN_DOCKER, 'usr/sbin/dockerd');
const PATH = [path.join(DEBIAN_DOCKER, 'usr/bin'), path.join(DEBIAN_DOCKER, 'usr/sbin'), process.env['PATH']].join(':');
const START_TIMEOUT_MS = 60_000;
const END_TIMEOUT_MS = 10_000;

/** Why it cannot run here, or undefined. For `skipIf`. */
export function missingDebianDocker(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  if (!existsSync(DAEMON)) return "Debian's Docker is not in .cache/debian-docker; `npm test` fetches it";
  for (const program of ['unshare', 'catatonit', 'runc'])
    if (spawnSync(program, ['--version'], { stdio: 'ignore' }).error !== undefined)
      return `Debian's Docker needs ${program}`;
  const unshared = spawnSync('unshare', [...NAMESPACES, 'true'], { encoding: 'utf8' });
  if (unshared.status !== 0) return `Debian's Docker needs a host of namespaces: ${unshared.stderr.trim()}`;
  const host = detectCgroups();
  if (host.version === 1 && !host.mounts.has('devices') && !host.unifiedControllers.includes('devices'))
    return "Debian's Docker needs the devices controller";
  return undefined;
}

/** It, its mounts and its network namespaces end with process 1 in there, whatever happens. */
const NAMESPACES = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'];

/** Starts it on a host of namespaces; nothing of it touches the bridges, rules, mounts or forwarding of this one. */
export async function startDebianDocker(): Promise<DebianDocker> {
  mountUnusedControllers(detectCgroups()); // as an engine does; they stay
  const root = mkdtempSync(path.join(tmpdir(), 'berth-dockerd-'));
  const host = `unix://${path.join(root, 'sock')}`;
  const child = spawnDaemon(root, host);
  const docker = (...args: string[]) =>
    execFileSync(findDocker() ?? 'docker', ['--host', host, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
    });
  const close = async () => {
    await end(child, `/${path.basename(root)}`);
    rmSync(root, { recursive: true, force: true });
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      docker('version');
      return { docker, host, close, [Symbol.asyncDispose]: close };
    } catch (error) {
      if (Date.now() < deadline && child.exitCode === null) {
        await delay(100);
        continue;
      }
      const said = readFileSync(path.join(root, 'log'), 'utf8').slice(-2000);
      await close();
      throw new Error(`Debian's Docker does not start:\n${said}`, { cause: error });
    }
  }
}

function spawnDaemon(root: string, host: string): ChildProcess {
  const at = (name: string) => path.join(root, name);
  const log = openSync(at('log'), 'w');
  const args = [
    ...['--data-root', at('data'), '--exec-root', at('exec'), '--pidfile', at('pid'), '--host', host],
    ...['--bridge', 'none', '--iptables=false', '--ip-forward=false', '--ip-masq=false'],
    // With vfs, which compares times of files, each step of its classic builder would wait for the next second.
    ...['--storage-driver', 'overlay2', '--cgroup-parent', `/${path.basename(root)}`],
  ];
  // Process 1 of a namespace has to collect orphans; catatonit does.
  return spawn('unshare', [...NAMESPACES, 'catatonit', '--', DAEMON, ...args], {
    env: { ...process.env, PATH },
    stdio: ['ignore', log, log],
  });
}

/** Ends everything in there at once, and its control groups when the kernel has let go of them. */
async function end(child: ChildProcess, group: string): Promise<void> {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    child.kill('SIGKILL');
    await ended;
  }
  for (const deadline = Date.now() + END_TIMEOUT_MS; !removeCgroup(detectCgroups(), group); await delay(20))
    if (Date.now() > deadline) throw new Error(`processes of Debian's Docker are left in the control group ${group}`);
}
