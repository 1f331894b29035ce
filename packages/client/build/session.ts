import type { BuildSessionAnswer, BuildSessionBody } from '@berth/contract';
import type { EngineClient } from '../engine-client.ts';
import type { HijackedStream } from '../hijack.ts';

/** POST /berth/v1/build/sessions. Errors: not-found on other engines. */
export async function openBuildSession(client: EngineClient, body: BuildSessionBody): Promise<string> {
  const response = await client.unversioned('POST', '/berth/v1/build/sessions', {
    headers: { 'Content-Type': 'application/json' },
    body: Buffer.from(JSON.stringify(body)),
  });
  return (JSON.parse(await response.text()) as BuildSessionAnswer).id;
}

/** POST /berth/v1/build/sessions/ID/ssh: a connection for the frames of one agent. */
export function joinAgent(client: EngineClient, id: string, agent: string): Promise<HijackedStream> {
  return client.hijack('POST', `/berth/v1/build/sessions/${id}/ssh`, { query: { agent }, unversioned: true });
}
