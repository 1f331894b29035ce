import { type BlobStore, type Digest, MANIFEST_LIMIT, parseManifest } from '@berth/oci';
import type { ImageStore } from './store.ts';

/** Pairs in memory; beyond it they are looked up again. */
const KNOWN_MAX = 20_000;
/** Images whose manifests are read for one question. */
const IMAGES_MAX = 4;

/**
 * Which archives have been seen to have which uncompressed digest. A manifest and a configuration say so of each other's
 * layers, but anybody can write a manifest that puts other archives to a configuration that everybody knows.
 */
export class VerifiedArchives {
  readonly #blobs: BlobStore;
  readonly #store: ImageStore;
  readonly #known = new Map<Digest, Digest>();

  constructor(blobs: BlobStore, store: ImageStore) {
    this.#blobs = blobs;
    this.#store = store;
  }

  /** To be called when the bytes with digest `archive` were inflated and hashed. */
  note(archive: Digest, diffId: Digest): void {
    if (this.#known.size >= KNOWN_MAX) this.#known.clear();
    this.#known.set(archive, diffId);
  }

  /** False when it has to be read: it may be the archive all the same. */
  async has(archive: Digest, diffId: Digest): Promise<boolean> {
    if (archive === diffId || this.#known.get(archive) === diffId) return true;
    // Every image that is here was looked at when it came.
    for (const id of this.#imagesWith(archive, diffId)) {
      const image = this.#store.image(id);
      if (image === undefined) continue;
      const document = parseManifest(await this.#blobs.readAll(image.manifest, MANIFEST_LIMIT), image.manifestType);
      const layers = document.kind === 'manifest' ? document.manifest.layers : [];
      if (!image.config.rootfs.diff_ids.some((one, n) => one === diffId && layers[n]?.digest === archive)) continue;
      this.note(archive, diffId);
      return true;
    }
    return false;
  }

  /** Ids of images that have both, perhaps not as one layer. */
  #imagesWith(archive: Digest, diffId: Digest): Digest[] {
    return this.#store.db
      .prepare(
        `SELECT DISTINCT b.image AS id FROM image_blobs b JOIN image_layers l ON l.image = b.image
         WHERE b.digest = ? AND l.diff_id = ? LIMIT ${IMAGES_MAX}`,
      )
      .all(archive, diffId)
      .map((row) => row.id as Digest);
  }
}
