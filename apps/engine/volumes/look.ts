import type { Readable } from 'node:stream';
import type { VolumeContext } from './context.ts';
import { holdFor } from './hold.ts';
import { find } from './show.ts';
import type { TreeListing } from './tree-protocol.ts';
import type { Trees } from './trees.ts';

/** Answers of a listing stay small enough to be read. */
const MOST = 100_000;

/** GET /berth/v1/volumes/NAME/files. Links are followed inside the volume. Errors: not-found, invalid. */
export async function listFiles(
  context: VolumeContext & { trees: Trees },
  name: string,
  options: { path: string; recursive: boolean },
): Promise<TreeListing> {
  const volume = find(context, name);
  await using held = await holdFor(context, volume.id);
  return await context.trees.list(held.path, options.path, { recursive: options.recursive, most: MOST });
}

/** GET /berth/v1/volumes/NAME/cat: the content of a file. Errors: not-found, invalid (no regular file). */
export async function readFile(
  context: VolumeContext & { trees: Trees },
  name: string,
  path: string,
): Promise<Readable> {
  const volume = find(context, name);
  const held = await holdFor(context, volume.id);
  try {
    const body = await context.trees.cat(held.path, path);
    body.once('close', () => void held[Symbol.asyncDispose]());
    return body;
  } catch (error) {
    await held[Symbol.asyncDispose]();
    throw error;
  }
}
