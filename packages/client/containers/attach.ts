import type { EngineClient } from '../engine-client.ts';
import type { HijackedStream } from '../hijack.ts';
import { containerPath } from './path.ts';

export interface AttachOptions {
  stdin: boolean;
  stdout: boolean;
  stderr: boolean;
  /** Go on until the end; false ends after `logs`. */
  stream: boolean;
  /** What was printed before, first. */
  logs: boolean;
  /** Such as `ctrl-p,ctrl-q`; '' is the engine's default. */
  detachKeys: string;
}

/** POST /containers/{id}/attach with the connection taken over. */
export function attachContainer(client: EngineClient, name: string, options: AttachOptions): Promise<HijackedStream> {
  return client.hijack('POST', containerPath(name, '/attach'), { query: { ...options } });
}
