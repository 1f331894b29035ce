import type { StorageDriver } from '../storage/driver.ts';
import { KEYS } from '../storage/keys.ts';

/** Bytes and number of all contents. Looks at every one. */
export async function countStored(driver: StorageDriver): Promise<{ bytes: number; objects: number }> {
  const stored = { bytes: 0, objects: 0 };
  const look = async (prefix: string): Promise<void> => {
    for await (const name of driver.children(prefix)) {
      if (name.endsWith('/')) await look(prefix + name);
      else {
        stored.bytes += (await driver.stat(prefix + name))?.size ?? 0;
        stored.objects++;
      }
    }
  };
  await look(KEYS.contents);
  return stored;
}
