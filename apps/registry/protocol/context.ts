import type { Store } from '../content/store.ts';
import type { Uploads } from '../content/uploads.ts';

/** What the endpoints work on. */
export interface ApiContext {
  store: Store;
  uploads: Uploads;
  /** False: DELETE of manifests, tags and blobs is refused (405). */
  deletes: boolean;
  /** Longest blob, bytes. */
  blobLimit: number;
  /** False: an index may point at manifests that are not in the repository. */
  wholeIndexes: boolean;
}
