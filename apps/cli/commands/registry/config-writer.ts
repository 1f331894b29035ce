import { chmodSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CliError } from '../../cli-error.ts';
import type { ConfigFile } from '../../config-file.ts';

type Auths = NonNullable<ConfigFile['auths']>;

/** Changes the `auths` of config.json; see `changeConfig`. Throws CliError. */
export function changeAuths(folder: string, change: (auths: Auths) => Auths): void {
  try {
    changeConfig(folder, (config) => ({ ...config, auths: change((config.auths ?? {}) as Auths) }));
  } catch (error) {
    throw new CliError(`Error saving credentials: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/**
 * Changes config.json and leaves what `change` does not name as it is, keys of others among them. The file is replaced
 * in one step; a new one is readable by its owner alone. Nothing is written when nothing changes.
 */
export function changeConfig(
  folder: string,
  change: (config: Record<string, unknown>) => Record<string, unknown>,
): void {
  const path = realPath(`${folder}/config.json`);
  const { config, mode, present } = read(path);
  const changed = change(config);
  if (present && JSON.stringify(changed) === JSON.stringify(config)) return;
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  replace(path, `${JSON.stringify(changed, null, '\t')}\n`, mode);
}

/** Where a link leads, so that the link stays one. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // not there yet
  }
}

function read(path: string): { config: Record<string, unknown>; mode: number; present: boolean } {
  try {
    const text = readFileSync(path, 'utf8');
    const config = text.trim() === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    return { config, mode: statSync(path).mode & 0o777, present: true };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT')
      return { config: {}, mode: 0o600, present: false };
    throw error;
  }
}

function replace(path: string, text: string, mode: number): void {
  const draft = `${path}${process.pid}.tmp`;
  try {
    writeFileSync(draft, text, { mode: 0o600, flag: 'wx' });
    chmodSync(draft, mode);
    renameSync(draft, path);
  } catch (error) {
    rmSync(draft, { force: true });
    throw error;
  }
}
