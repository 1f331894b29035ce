import type { DoctorReport } from '@berth/contract';
import type { EngineClient } from '../engine-client.ts';

/** GET /berth/v1/networks/doctor. Errors: not-found (container), invalid (target). */
export async function diagnoseNetwork(client: EngineClient, container: string, target: string): Promise<DoctorReport> {
  const answer = await client.unversioned('GET', '/berth/v1/networks/doctor', { query: { container, target } });
  return JSON.parse(await answer.text()) as DoctorReport;
}
