import { mkdirSync } from 'node:fs';
import type { Context } from '../../context.ts';
import { unpackTree } from '../container/copy/unpack-tree.ts';
import { saveFile } from '../image/save-file.ts';
import { rootfs } from './rootfs.ts';

/** Writes an archive to a file, or to stdout for `-`. Throws CliError. */
export async function writeArchive(
  context: Pick<Context, 'out'>,
  dest: string,
  open: () => Promise<AsyncIterable<Uint8Array>>,
): Promise<void> {
  if (dest !== '-') return saveFile(dest, open, 'failed to write the build output');
  for await (const chunk of await open()) {
    context.out.write(chunk);
    await context.out.drain();
  }
}

/** Unpacks the files of an image into a directory, which is made; they belong to the caller. Throws CliError. */
export async function writeTree(context: Pick<Context, 'client'>, dest: string, image: string): Promise<void> {
  mkdirSync(dest, { recursive: true });
  await unpackTree(await rootfs(context.client, image), dest, []);
}
