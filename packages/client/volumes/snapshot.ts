import type { EngineClient } from '../engine-client.ts';
import type { CopyReport } from './clone.ts';
import { extraPath } from './extra-path.ts';

/** POST /berth/v1/volumes/NAME/snapshot; '' as name lets the engine choose one. Errors: not-found, invalid, conflict. */
export async function snapshotVolume(
  client: EngineClient,
  source: string,
  options: { name: string; freeze: boolean },
): Promise<{ Name: string; Copy: CopyReport }> {
  const query = { name: options.name, ...(!options.freeze && { freeze: '0' }) };
  return JSON.parse(await (await client.unversioned('POST', extraPath(source, 'snapshot'), { query })).text());
}
