import type { EngineClient } from '../engine-client.ts';
import type { Platform } from './inspect.ts';
import { imagePath } from './path.ts';

/** One step of an image's making; `Id` is `<missing>` where no image of its own exists. */
export interface ImageHistoryItem {
  Id: string;
  Created: number;
  CreatedBy: string;
  Tags: string[] | null;
  Size: number;
  Comment: string;
}

/** GET /images/NAME/history, newest first. Errors: not-found. */
export function imageHistory(client: EngineClient, name: string, platform?: Platform): Promise<ImageHistoryItem[]> {
  return client.json('GET', imagePath(name, '/history'), { query: { platform } });
}
