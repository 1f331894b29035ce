import type { EngineClient } from '../engine-client.ts';

export interface ExecBody {
  User: string;
  Privileged: boolean;
  Tty: boolean;
  AttachStdin: boolean;
  AttachStdout: boolean;
  AttachStderr: boolean;
  Detach: boolean;
  DetachKeys: string;
  Env: string[];
  WorkingDir: string;
  Cmd: string[];
  /** Rows, columns. */
  ConsoleSize?: [number, number];
}

/** POST /containers/{id}/exec */
export function createExec(client: EngineClient, container: string, body: ExecBody): Promise<{ Id: string }> {
  return client.json('POST', `/containers/${encodeURIComponent(container)}/exec`, { json: body });
}
