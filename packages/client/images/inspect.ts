import type { EngineClient } from '../engine-client.ts';
import { imagePath } from './path.ts';

/** A platform as the API takes it: `os`, `architecture`, `variant`. */
export interface Platform {
  os: string;
  architecture?: string;
  variant?: string;
}

/** GET /images/NAME/json, the body as the engine wrote it. Errors: not-found. */
export async function inspectImage(client: EngineClient, name: string, platform?: Platform): Promise<string> {
  return (await client.stream('GET', imagePath(name, '/json'), { query: { platform } })).text();
}
