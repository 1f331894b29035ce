import type { EngineClient } from '../engine-client.ts';
import { containerPath } from './path.ts';

export interface StopOptions {
  /** Seconds before it is killed, -1 waits for ever; undefined: the container's own. */
  timeout: number | undefined;
  /** Name or number; '' is the container's own. */
  signal: string;
}

/** POST /containers/{id}/stop; nothing happens when it does not run. */
export async function stopContainer(client: EngineClient, name: string, options: StopOptions): Promise<void> {
  await client.done('POST', containerPath(name, '/stop'), { query: { t: options.timeout, signal: options.signal } });
}

/** POST /containers/{id}/restart */
export async function restartContainer(client: EngineClient, name: string, options: StopOptions): Promise<void> {
  await client.done('POST', containerPath(name, '/restart'), { query: { t: options.timeout, signal: options.signal } });
}
