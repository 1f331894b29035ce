import type { EngineClient } from '../engine-client.ts';
import { extraPath } from './extra-path.ts';

/** How a copy of a volume was made. */
export interface CopyReport {
  Method: 'reflink' | 'copy' | 'empty';
  Entries: number;
  BytesCopied: number;
  Milliseconds: number;
  /** Ids of containers that stood still meanwhile. */
  Frozen: string[];
}

/** POST /berth/v1/volumes/NAME/clone. Errors: not-found, invalid, conflict. */
export async function cloneVolume(
  client: EngineClient,
  source: string,
  options: { name: string; freeze: boolean },
): Promise<{ Name: string; Copy: CopyReport }> {
  const query = { name: options.name, ...(!options.freeze && { freeze: '0' }) };
  return JSON.parse(await (await client.unversioned('POST', extraPath(source, 'clone'), { query })).text());
}
