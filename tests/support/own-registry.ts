import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { listening } from './listening.ts';

const CLIENT = path.resolve(import.meta.dirname, '../../apps/cli/main.ts');
const START_TIMEOUT_MS = 30_000;
const READY = /registry is ready.*?address"?[=:]"?(127\.0\.0\.1:\d+)/;

/** `berth registry serve` as a process of its own, on a free port of 127.0.0.1. */
export interface OwnRegistry {
  /** `127.0.0.1:PORT`. */
  readonly domain: string;
  /** Where it keeps everything. */
  readonly root: string;
  readonly pid: number;
  /** What it logged so far. */
  output(): string;
  /** Ends it by a signal and waits for that; resolves to its exit code, or the signal that killed it. */
  stop(signal?: NodeJS.Signals): Promise<number | string>;
  /** Kills it and removes its root. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

export interface OwnRegistryOptions {
  /** Of an earlier one that was stopped; else a new one. */
  root?: string;
  /** The document of the configuration file. */
  config?: object;
  /** With `--environment`, root and address are said by variables, too. */
  flags?: readonly string[];
  /** Of its environment. */
  variables?: Readonly<Record<string, string>>;
}

/** Starts a registry the way users do. Errors: with its output, when it does not come up. */
export async function startOwnRegistry(options: OwnRegistryOptions = {}): Promise<OwnRegistry> {
  const root = options.root ?? path.join(mkdtempSync(path.join(tmpdir(), 'berth-own-registry-')), 'root');
  const file = path.join(path.dirname(root), 'registry.json');
  writeFileSync(file, JSON.stringify(options.config ?? {}));
  const { variables, flags = [] } = options;
  const where = flags.includes('--environment')
    ? { flags: [], env: { REGISTRY_HTTP_ADDR: '127.0.0.1:0', REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: root } }
    : { flags: ['--root', root, '--listen', '127.0.0.1:0'], env: {} };
  const words = ['registry', 'serve', '--config', file, ...where.flags, ...flags];
  const child = spawn(process.execPath, [CLIENT, ...words], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, ...where.env, ...variables },
  });
  let output = '';
  const record = (chunk: Buffer) => {
    output = (output + chunk.toString()).slice(-256 * 1024);
  };
  child.stdout.on('data', record);
  child.stderr.on('data', record);
  const ended = new Promise<number | string>((resolve) =>
    child.once('exit', (code, signal) => resolve(code ?? signal ?? 'unknown')),
  );
  const stop = (signal: NodeJS.Signals = 'SIGTERM') => {
    child.kill(signal);
    return ended;
  };
  const close = async () => {
    await stop('SIGKILL');
    rmSync(path.dirname(root), { recursive: true, force: true });
  };
  try {
    const domain = await listening(child, {
      name: 'the registry',
      output: () => output,
      ready: READY,
      timeoutMs: START_TIMEOUT_MS,
    });
    const pid = child.pid ?? 0;
    return { domain, root, pid, output: () => output, stop, close, [Symbol.asyncDispose]: close };
  } catch (error) {
    await close();
    throw error;
  }
}
