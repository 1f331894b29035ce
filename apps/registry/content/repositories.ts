import { isRepositoryName } from '../names.ts';
import type { Store } from './store.ts';

/** True when the repository has anything at all. */
export async function repositoryExists(store: Store, repository: string): Promise<boolean> {
  for await (const name of store.driver.children(`repositories/${repository}/`)) if (name.startsWith('_')) return true;
  return false;
}

/** All repositories that have anything; in no order that means something. */
export async function* repositories(store: Store, below = ''): AsyncGenerator<string> {
  let own = false;
  for await (const name of store.driver.children(`repositories/${below === '' ? '' : `${below}/`}`)) {
    if (name.startsWith('_')) own = true;
    else if (name.endsWith('/')) yield* repositories(store, `${below === '' ? '' : `${below}/`}${name.slice(0, -1)}`);
  }
  if (own && isRepositoryName(below)) yield below;
}
