import type { ContextAnswer, ContextLine } from '@berth/contract';
import type { EngineClient } from '../engine-client.ts';

/** POST /berth/v1/build/context: announces a context and learns which contents the engine lacks. Errors: not-found on other engines. */
export async function announceContext(client: EngineClient, lines: Iterable<ContextLine>): Promise<ContextAnswer> {
  const body = Buffer.from([...lines].map((line) => `${JSON.stringify(line)}\n`).join(''));
  const response = await client.unversioned('POST', '/berth/v1/build/context', {
    headers: { 'Content-Type': 'application/x-ndjson' },
    body,
  });
  return JSON.parse(await response.text()) as ContextAnswer;
}

/** POST /berth/v1/build/context/ID/files: a tar of what is missing, each file named by its SHA-256. */
export async function sendContextFiles(
  client: EngineClient,
  id: string,
  archive: AsyncIterable<Uint8Array>,
): Promise<void> {
  const response = await client.unversioned('POST', `/berth/v1/build/context/${id}/files`, {
    headers: { 'Content-Type': 'application/x-tar' },
    body: archive,
  });
  await response.text();
}
