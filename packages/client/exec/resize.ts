import type { EngineClient } from '../engine-client.ts';

/** POST /exec/{id}/resize, in characters. */
export async function resizeExec(client: EngineClient, id: string, rows: number, columns: number): Promise<void> {
  await client.done('POST', `/exec/${id}/resize`, { query: { h: rows, w: columns } });
}
