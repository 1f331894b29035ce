import type { Logger } from '@berth/kit';
import { type Digest, MANIFEST_LIMIT, parseManifest } from '@berth/oci';
import { sniffCompression } from '../archives/index.ts';
import { durably } from '../state/database.ts';
import type { ImageContent } from './content.ts';
import type { ImageStore } from './store.ts';

/**
 * Unpacks layers again that the machine may have lost when it stopped, since they were not on disk for sure. To be called
 * at start, before anybody uses them; the directories that they were in are left for the sweep.
 */
export async function repairLayers(content: ImageContent, store: ImageStore, log: Logger): Promise<void> {
  const lost = store.unflushedLayers().filter(({ boot }) => boot !== content.boot);
  for (const { diffId } of lost) {
    try {
      const source = await archiveOf(content, store, diffId);
      if (source === undefined) continue; // no image has it: swept
      const row = await content.unpackAnew({ diffId, ...source });
      await content.flush();
      durably(store.db, () => store.putLayer(row));
      log.info('a layer was unpacked again: the machine stopped before it was on disk', { diffId });
    } catch (error) {
      log.error('a layer may have been damaged when the machine stopped: load or pull its images again', {
        diffId,
        error,
      });
    }
  }
}

async function archiveOf({ blobs }: ImageContent, store: ImageStore, diffId: Digest) {
  const image = store.imageWithLayer(diffId);
  if (image === undefined) return undefined;
  const document = parseManifest(await blobs.readAll(image.manifest, MANIFEST_LIMIT), image.manifestType);
  const at = image.config.rootfs.diff_ids.indexOf(diffId);
  const layer = document.kind === 'manifest' ? document.manifest.layers[at] : undefined;
  if (layer === undefined) return undefined;
  const { digest, size } = layer;
  let head: Buffer = Buffer.alloc(0);
  for await (const piece of blobs.createReadStream(digest, { end: 15 })) head = piece as Buffer;
  const compression = sniffCompression(head);
  if (compression === 'xz' || compression === 'bzip2') return undefined;
  return { compression, source: { blob: digest }, size };
}
