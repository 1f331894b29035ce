import type { ContentDigest } from '../digest.ts';
import { isRepositoryName } from '../names.ts';
import { findBlob } from './blobs.ts';
import { repositories } from './repositories.ts';
import type { Store } from './store.ts';

/** A repository that another may have a blob from. */
export interface Lender {
  repository: string;
  /** Of the blob, bytes. */
  size: number;
}

/** Repositories looked through when none is named. */
const LOOKS_MAX = 10_000;

/** `from`, or without it any repository, that has the blob and may be read. */
export async function findLender(
  store: Store,
  digest: ContentDigest,
  from: string | undefined,
  mayRead: (repository: string) => boolean,
): Promise<Lender | undefined> {
  const look = async (repository: string) => {
    const size = await findBlob(store, repository, digest);
    return size !== undefined && mayRead(repository) ? { repository, size } : undefined;
  };
  if (from !== undefined) return isRepositoryName(from) ? look(from) : undefined;
  let looks = 0;
  for await (const repository of repositories(store)) {
    if (++looks > LOOKS_MAX) return undefined;
    const lender = await look(repository);
    if (lender) return lender;
  }
  return undefined;
}
