import { accessSync, chmodSync, constants, existsSync, mkdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { BerthError, type Scope } from '@berth/kit';
import type { EngineConfig } from './config.ts';
import { lockFile } from './linux/file-lock.ts';

/**
 * Makes the engine's roots and takes them for this process, until the scope closes. Errors: unavailable (not writable),
 * conflict (another engine has them).
 */
export function takeRoots(config: EngineConfig, scope: Scope): void {
  makeRoots(config);
  claim(config, scope);
}

/**
 * The way to the socket is open; everything else is root's. Users of the host who could walk through the data root would
 * run set-uid programs of images (CVE-2021-41091), so one that was there before is closed as well.
 */
function makeRoots({ dataRoot, execRoot }: EngineConfig): void {
  for (const [what, path, mode] of [
    ['data', dataRoot, 0o700],
    ['exec', execRoot, 0o711],
  ] as const) {
    try {
      checkPlace(existingPart(path));
      mkdirSync(path, { recursive: true, mode });
      if (what === 'data') chmodSync(path, mode);
      accessSync(path, constants.W_OK | constants.X_OK);
    } catch (cause) {
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new BerthError('unavailable', `cannot use the ${what} root ${path}: ${reason}`, { cause });
    }
  }
}

/** mkdir alone says ENOENT of a read-only place. */
function checkPlace(path: string): void {
  if (!statSync(path).isDirectory()) throw new Error(`${path} is not a directory`);
  accessSync(path, constants.W_OK | constants.X_OK);
}

function existingPart(path: string): string {
  return existsSync(path) || path === '/' ? path : existingPart(dirname(path));
}

/** One engine for each root; its process id is in EXEC/berth.pid while it runs. */
function claim(config: EngineConfig, scope: Scope): void {
  const lock = lockFile(join(config.dataRoot, 'engine.lock'));
  if (!lock) {
    throw new BerthError('conflict', `another engine is using the data root ${config.dataRoot}`, {
      hint: 'Stop it (berth daemon stop), or give this one a root of its own: --data-root, --exec-root, --host, --bridge, --nft-table.',
    });
  }
  scope.add('release the data root', () => lock.release());
  // The client finds the engine by the one in the exec root, whatever else was asked for.
  for (const file of new Set([join(config.execRoot, 'berth.pid'), config.pidFile])) {
    mkdirSync(dirname(file), { recursive: true });
    writeFileSync(file, `${process.pid}\n`);
    scope.add('remove the pid file', () => rmSync(file, { force: true }));
  }
}
