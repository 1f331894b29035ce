import { chmodSync, mkdirSync, readFileSync, realpathSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { CliError } from '../../cli-error.ts';
import type { ConfigFile } from '../../config-file.ts';

type Auths = NonNullable<ConfigFile['auths']>;

/**
 * Changes the `auths` of config.json and leaves everything else in it as it is. The file is replaced in one step; a new
 * one is readable by its owner alone. Nothing is written when nothing changes. Throws CliError.
 */
export function changeAuths(folder: string, change: (auths: Auths) => Auths): void {
  const path = realPath(`${folder}/config.json`);
  try {
    const { config, mode } = read(path);
    const before = (config.auths ?? {}) as Auths;
    const after = change(before);
    if (JSON.stringify(after) === JSON.stringify(before) && config.auths) return;
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
    replace(path, `${JSON.stringify({ ...config, auths: after }, null, '\t')}\n`, mode);
  } catch (error) {
    throw new CliError(`Error saving credentials: ${error instanceof Error ? error.message : String(error)}`);
  }
}

/** Where a link leads, so that the link stays one. */
function realPath(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path; // not there yet
  }
}

function read(path: string): { config: Record<string, unknown>; mode: number } {
  try {
    const text = readFileSync(path, 'utf8');
    const config = text.trim() === '' ? {} : (JSON.parse(text) as Record<string, unknown>);
    return { config, mode: statSync(path).mode & 0o777 };
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return { config: {}, mode: 0o600 };
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
