import { type ChildProcess, execFileSync, spawn } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { listening } from './listening.ts';

/** Debian's docker-registry as a process of its own, on a free port of 127.0.0.1, with its data in a directory of its own. */
export interface DockerRegistry {
  /** `127.0.0.1:PORT`. */
  readonly domain: string;
  /** What it logged, for failures. */
  output(): string;
  /** Stops it; the data stays for `start`. */
  stop(): Promise<void>;
  /** Stops it and removes its data. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** The only user of a registry with `auth`. */
export const REGISTRY_USER = { username: 'berth', password: 'opensesame' };
/** bcrypt of the password above with a fixed salt. */
const HTPASSWD = `berth:$2y$05$abcdefghijklmnopqrstuuQbLfdQZSxZ9gjhA5V9o8Tyc6aQRO0Qi\n`;
/** Where the set-up of the tests puts programs that must not be installed. */
const TEST_BIN = path.resolve(import.meta.dirname, '../../.cache/test-programs/bin');
const START_TIMEOUT_MS = 20_000;
const READY = /listening on (127\.0\.0\.1:\d+)/;

/** Why tests against a real registry cannot run here, or undefined. For `describe.skipIf`. */
export function missingRegistryTools(...programs: string[]): string | undefined {
  const missing = ['docker-registry', ...programs].filter((name) => findProgram(name) === undefined);
  return missing.length === 0 ? undefined : `not on this machine: ${missing.join(', ')}`;
}

function findProgram(name: string): string | undefined {
  const folders = [...(process.env['PATH'] ?? '').split(path.delimiter), TEST_BIN];
  return folders.map((folder) => path.join(folder, name)).find(existsSync);
}

/** Starts a registry; with `auth` it wants Basic authentication for everything. */
export async function startDockerRegistry({ auth = false } = {}): Promise<DockerRegistry> {
  const dir = mkdtempSync(path.join(tmpdir(), 'berth-registry-'));
  writeFileSync(path.join(dir, 'htpasswd'), HTPASSWD);
  const config = {
    version: '0.1',
    storage: { filesystem: { rootdirectory: path.join(dir, 'data') }, delete: { enabled: true } },
    http: { addr: '127.0.0.1:0', secret: 'not a secret' },
    ...(auth ? { auth: { htpasswd: { realm: 'berth tests', path: path.join(dir, 'htpasswd') } } } : {}),
  };
  writeFileSync(path.join(dir, 'config.yml'), JSON.stringify(config)); // JSON is YAML
  const child = spawn(findProgram('docker-registry') ?? 'docker-registry', ['serve', path.join(dir, 'config.yml')], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  const record = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-256 * 1024);
  };
  child.stdout.on('data', record);
  child.stderr.on('data', record);
  const stop = () => end(child);
  const close = async () => {
    await stop();
    rmSync(dir, { recursive: true, force: true });
  };
  try {
    const domain = await listening(child, {
      name: 'docker-registry',
      output: () => output,
      ready: READY,
      timeoutMs: START_TIMEOUT_MS,
    });
    return { domain, output: () => output, stop, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}

async function end(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  child.kill('SIGTERM');
  const timer = setTimeout(() => child.kill('SIGKILL'), 5_000);
  await ended;
  clearTimeout(timer);
}

/** Runs skopeo against a registry without TLS; gives its output. */
export function skopeo(...args: string[]): string {
  return execFileSync('skopeo', args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], timeout: 60_000 });
}
