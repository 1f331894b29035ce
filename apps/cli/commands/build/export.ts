import { pushImage, saveImages } from '@berth/client';
import { CliError } from '../../cli-error.ts';
import type { Context } from '../../context.ts';
import { readNamed } from '../image/named.ts';
import { showStream } from '../image/show-stream.ts';
import { registryAuth } from '../registry/credentials.ts';
import type { BuildOutput } from './request/outputs.ts';

interface Built {
  /** `sha256:…` */
  image: string;
  tags: readonly string[];
}

/** Takes an image to where an output says. Throws CliError; errors of the engine. */
export async function exportImage(context: Context, output: BuildOutput, built: Built): Promise<void> {
  if (output.type === 'cacheonly') return;
  if (output.type === 'image') {
    if (output.push) for (const tag of built.tags) await push(context, tag);
    return;
  }
  if (built.image === '') throw new CliError('the engine did not say which image it built: nothing can be written');
  const { writeArchive, writeTree } = await import('./write-output.ts');
  if (output.type === 'local') await writeTree(context, output.dest, built.image);
  else if (output.type === 'tar') await writeArchive(context, output.dest, () => rootfsOf(context, built.image));
  else await writeArchive(context, output.dest, () => archiveOf(context, built));
}

async function push(context: Context, tag: string): Promise<void> {
  const image = readNamed(tag, false);
  const auth = await registryAuth(context, image.familiar);
  await showStream(context, await pushImage(context.client, image.familiar, { tag: image.tag, auth }));
}

/** One archive has the layout of OCI and what `docker load` reads. */
async function archiveOf({ client }: Context, { image, tags }: Built): Promise<AsyncIterable<Uint8Array>> {
  return (await saveImages(client, tags.length ? tags : [image], [])).body;
}

async function rootfsOf(context: Context, image: string): Promise<AsyncIterable<Uint8Array>> {
  const { rootfs } = await import('./rootfs.ts');
  return rootfs(context.client, image);
}
