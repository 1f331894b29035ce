import type { EngineClient } from '../engine-client.ts';

/** GET /version */
export interface EngineVersion {
  Platform?: { Name: string };
  Components?: { Name: string; Version: string; Details?: Record<string, string> }[] | null;
  Version: string;
  ApiVersion: string;
  MinAPIVersion?: string;
  GitCommit: string;
  GoVersion: string;
  Os: string;
  Arch: string;
  KernelVersion?: string;
  Experimental?: boolean;
  BuildTime?: string;
}

export function engineVersion(client: EngineClient): Promise<EngineVersion> {
  return client.json('GET', '/version');
}
