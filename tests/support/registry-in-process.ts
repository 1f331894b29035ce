import { mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { createLogger } from '@berth/kit';
import { readConfig } from '../../apps/registry/settings/config.ts';
import { type RunningRegistry, startRegistry } from '../../apps/registry/start.ts';

/** A registry of ours in this process, on a free port of 127.0.0.1. */
export interface RegistryHere extends RunningRegistry {
  /** `http://127.0.0.1:PORT`. */
  url: string;
  root: string;
  /** What it logged at level warn and above. */
  log: string[];
  /** Stops it and removes its root. */
  close(): Promise<void>;
  [Symbol.asyncDispose](): Promise<void>;
}

/** `settings` is the document of a configuration file; with `root` it goes on where another stopped. */
export async function startRegistryHere(settings: object = {}, root = newRoot()): Promise<RegistryHere> {
  const config = { ...readConfig({ listen: '127.0.0.1:0', ...settings }, ''), root };
  const log: string[] = [];
  const running = await startRegistry(
    config,
    createLogger('warn', 'text', (line) => log.push(line)),
  );
  const close = async () => {
    await running.stop();
    rmSync(root, { recursive: true, force: true });
  };
  return { ...running, url: `http://${running.address}`, root, log, close, [Symbol.asyncDispose]: close };
}

export function newRoot(): string {
  return mkdtempSync(path.join(tmpdir(), 'berth-registry-here-'));
}

/** Paths and sizes of all files that hold content of a registry, uploads included; relative to its root. */
export function contentFiles(root: string): Map<string, number> {
  const files = new Map<string, number>();
  for (const entry of readdirSync(root, { recursive: true, withFileTypes: true })) {
    const file = path.relative(root, path.join(entry.parentPath, entry.name));
    if (entry.isFile() && /^(blobs|staged|tmp|repositories)\//.test(file))
      files.set(file, statSync(path.join(root, file)).size);
  }
  return files;
}
