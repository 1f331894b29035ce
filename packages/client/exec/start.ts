import type { EngineClient } from '../engine-client.ts';
import type { HijackedStream } from '../hijack.ts';

interface StartBody {
  Tty: boolean;
  /** Rows, columns. */
  ConsoleSize?: [number, number];
}

/** POST /exec/{id}/start in the background. */
export async function startExec(client: EngineClient, id: string, body: StartBody): Promise<void> {
  await client.done('POST', `/exec/${id}/start`, { json: { ...body, Detach: true } });
}

/** POST /exec/{id}/start with the connection taken over. */
export function attachExec(client: EngineClient, id: string, body: StartBody): Promise<HijackedStream> {
  return client.hijack('POST', `/exec/${id}/start`, { json: { ...body, Detach: false } });
}
