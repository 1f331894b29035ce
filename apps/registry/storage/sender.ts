import { pipeline } from 'node:stream/promises';
import type { Sender, StorageDriver } from './driver.ts';

/** Opens an object for sending it to a client, in the way that is the driver's own or by its stream. */
export async function openSender(
  driver: StorageDriver,
  key: string,
  range: { start: number; end: number } | undefined,
): Promise<Sender | undefined> {
  if (driver.sender) return driver.sender(key, range);
  const content = await driver.open(key, range);
  return (
    content && {
      sendTo: (sink) => pipeline(content, sink),
      close: async () => void content.destroy(),
    }
  );
}
