import type { EngineClient } from '../engine-client.ts';

/** GET /exec/{id}/json */
export function inspectExec(
  client: EngineClient,
  id: string,
): Promise<{ ID: string; Running: boolean; ExitCode: number | null; Pid: number }> {
  return client.json('GET', `/exec/${id}/json`);
}
