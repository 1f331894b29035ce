import type { EngineClient } from '../engine-client.ts';
import type { CopyReport } from './clone.ts';
import { extraPath } from './extra-path.ts';

/** PUT /berth/v1/volumes/NAME/restore, from an archive or another volume. Errors: not-found, invalid, conflict. */
export async function restoreVolume(
  client: EngineClient,
  name: string,
  source: { archive: AsyncIterable<Uint8Array> } | { volume: string; freeze: boolean },
): Promise<{ Name: string; Copy?: CopyReport }> {
  const options =
    'archive' in source
      ? { body: source.archive, headers: { 'Content-Type': 'application/x-tar' } }
      : { query: { from: source.volume, ...(!source.freeze && { freeze: '0' }) } };
  return JSON.parse(await (await client.unversioned('PUT', extraPath(name, 'restore'), options)).text());
}
