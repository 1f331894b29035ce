import type { ContentDigest } from '../digest.ts';
import { eachOf } from './each-of.ts';
import { readRecord, recordDigests } from './records.ts';
import type { Store } from './store.ts';

/** Manifests of the repository that point at this blob. Looks at every manifest. */
export async function usersOfBlob(store: Store, repository: string, blob: ContentDigest): Promise<ContentDigest[]> {
  const users: ContentDigest[] = [];
  await eachOf(recordDigests(store, repository), 16, async (digest) => {
    const record = await readRecord(store, repository, digest);
    if (record?.blobs.includes(blob)) users.push(digest);
  });
  return users;
}
