import type { EngineClient } from '../engine-client.ts';
import { extraPath } from './extra-path.ts';

/** One file of a volume. */
export interface VolumeFile {
  /** Below the directory that was asked for. */
  Path: string;
  Type: 'file' | 'directory' | 'symlink' | 'device' | 'pipe' | 'socket';
  /** Octal: `0644`. */
  Mode: string;
  Uid: number;
  Gid: number;
  Size: number;
  /** RFC 3339. */
  Modified: string;
  LinkTarget?: string;
}

/** GET /berth/v1/volumes/NAME/files. Errors: not-found, invalid. */
export async function listVolumeFiles(
  client: EngineClient,
  name: string,
  options: { path: string; recursive: boolean },
): Promise<{ Files: VolumeFile[]; Truncated: boolean }> {
  const query = { path: options.path, recursive: options.recursive };
  return JSON.parse(await (await client.unversioned('GET', extraPath(name, 'files'), { query })).text());
}
