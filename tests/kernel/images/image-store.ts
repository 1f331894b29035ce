import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '@berth/kit';
import { type Digest, digestOf } from '@berth/oci';
import { DEFAULT_CONFIG } from '../../../apps/engine/config.ts';
import { createImages, type Images, type ProgressMessage } from '../../../apps/engine/images/index.ts';
import { openDatabase } from '../../../apps/engine/state/database.ts';
import { dockerArchive, type ImageRecipe } from '../../support/images.ts';

/** An image store of its own below a temporary directory, with containers that the test makes up. */
export async function openImageStore(root = mkdtempSync(join(tmpdir(), 'berth-images-'))) {
  const events: string[] = [];
  const containers: { id: string; name: string; running: boolean; image: Digest }[] = [];
  const db = openDatabase(join(root, 'berth.db'));
  const images = await createImages({
    config: { ...DEFAULT_CONFIG, dataRoot: root },
    db,
    log: createLogger('warn', 'text', (line) => process.stderr.write(line)),
    publish: (type, action, id, attributes) => void events.push(`${type} ${action} ${id} ${attributes.name}`),
    users: () => ({ containersOf: (id) => containers.filter((container) => container.image === id) }),
  });
  const suspend = async () => {
    await images.close();
    db.close();
  };
  return {
    root,
    db,
    images,
    events,
    containers,
    /** Names below `l/` and digests of blobs: all that is on disk. */
    onDisk: () => ({
      layers: readdirSync(join(root, 'l')).filter((name) => name !== 'empty'),
      blobs: readdirSync(join(root, 'blobs/sha256')),
      ingest: readdirSync(join(root, 'ingest')),
    }),
    /** Ends it and leaves the files. */
    suspend,
    close: async () => {
      await suspend();
      rmSync(root, { recursive: true });
    },
  };
}

/** Loads an archive and gives its images and the messages. */
export async function load(images: Images, archive: Uint8Array | AsyncIterable<Uint8Array>) {
  const messages: ProgressMessage[] = [];
  const source = archive instanceof Uint8Array ? piecesOf(archive) : archive;
  const loaded = await images.load(source, { onProgress: (message) => messages.push(message), quiet: true });
  return { loaded, text: messages.map((message) => message.stream ?? '').join('') };
}

/** In uneven pieces, as they come from a network. */
export async function* piecesOf(bytes: Uint8Array): AsyncGenerator<Uint8Array> {
  for (let at = 0, size = 100; at < bytes.length; at += size, size = (size * 7) % 65_521)
    yield bytes.subarray(at, at + size);
}

export async function bytesOf(stream: AsyncIterable<Buffer>): Promise<Buffer> {
  const pieces: Buffer[] = [];
  for await (const piece of stream) pieces.push(piece);
  return Buffer.concat(pieces);
}

/** A docker-archive of one image with one file, whose content makes it differ. */
export function smallArchive(tags: string[], content: string, config: ImageRecipe['config'] = {}): Buffer {
  return dockerArchive([{ tags, files: [{ path: 'file', content }], config }]);
}

export { digestOf };
