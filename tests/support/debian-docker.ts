import { execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
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

const TREE = path.resolve(import.meta.dirname, '../../.cache/debian-docker');
/** Its client, which still has both builders. */
export const DEBIAN_CLIENT = path.join(TREE, 'usr/bin/docker');
const START_TIMEOUT_MS = 60_000;

/** Why it cannot run here, or undefined. For `skipIf`. */
export function missingDebianDocker(): string | undefined {
  if (process.getuid?.() !== 0) return 'needs root';
  // Taken there by the benchmarks; see bench/engines/debian-docker.mjs.
  return existsSync(path.join(TREE, 'usr/sbin/dockerd')) ? undefined : 'not on this machine: .cache/debian-docker';
}

/** Starts it; nothing of it touches the host's bridges, rules or forwarding. */
export async function startDebianDocker(): Promise<DebianDocker> {
  const root = mkdtempSync(path.join(tmpdir(), 'berth-dockerd-'));
  const at = (name: string) => path.join(root, name);
  const log = openSync(at('log'), 'w');
  const child = spawn(
    path.join(TREE, 'usr/sbin/dockerd'),
    [
      ...[
        '--data-root',
        at('data'),
        '--exec-root',
        at('exec'),
        '--pidfile',
        at('pid'),
        '--host',
        `unix://${at('sock')}`,
      ],
      ...['--bridge', 'none', '--iptables=false', '--ip-forward=false', '--ip-masq=false', '--storage-driver', 'vfs'],
    ],
    {
      env: { PATH: [path.join(TREE, 'usr/bin'), path.join(TREE, 'usr/sbin'), process.env['PATH']].join(':') },
      stdio: ['ignore', log, log],
    },
  );
  const docker = (...args: string[]) =>
    execFileSync(findDocker() ?? 'docker', ['--host', `unix://${at('sock')}`, ...args], {
      encoding: 'utf8',
      stdio: ['ignore', 'pipe', 'pipe'],
      timeout: 120_000,
    });
  const close = async () => {
    const ended = new Promise((resolve) => child.once('exit', resolve));
    if (child.exitCode === null && child.signalCode === null) {
      child.kill('SIGTERM');
      await ended;
    }
    rmSync(root, { recursive: true, force: true });
  };
  const deadline = Date.now() + START_TIMEOUT_MS;
  for (;;) {
    try {
      docker('version');
      return { docker, host: `unix://${at('sock')}`, close, [Symbol.asyncDispose]: close };
    } catch (error) {
      if (Date.now() < deadline && child.exitCode === null) {
        await delay(100);
        continue;
      }
      const said = readFileSync(at('log'), 'utf8').slice(-2000);
      await close();
      throw new Error(`Debian's Docker does not start:\n${said}`, { cause: error });
    }
  }
}
