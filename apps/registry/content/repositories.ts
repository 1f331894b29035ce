import { isRepositoryName } from '../names.ts';
import { KEYS } from '../storage/keys.ts';
import type { Store } from './store.ts';

/** True when the repository has anything at all. */
export async function repositoryExists(store: Store, repository: string): Promise<boolean> {
  for await (const name of store.driver.children(`repositories/${repository}/`)) if (name.startsWith('_')) return true;
  return false;
}

/**
 * Repositories that have anything, in the order of code units, from the first after `last` on. What lies before it is
 * not looked at.
 */
export async function* repositoriesAfter(store: Store, last: string): AsyncGenerator<string> {
  yield* below(store, '', await childrenOf(store, ''), last);
}

async function* below(store: Store, above: string, children: readonly string[], last: string): AsyncGenerator<string> {
  const folders = children.filter((name) => name.endsWith('/') && !name.startsWith('_'));
  const looked = new Map<string, string[]>();
  // `a`, then `a-b`, then what is below `a`: a folder is at two places of the order.
  for (const entry of folders.flatMap((name) => [name.slice(0, -1), name]).sort()) {
    const name = above + entry;
    if (name <= last && !last.startsWith(name)) continue;
    if (name.endsWith('/')) {
      const inside = looked.get(name) ?? (await childrenOf(store, name));
      looked.delete(name);
      yield* below(store, name, inside, last);
    } else if (name > last) {
      const inside = await childrenOf(store, `${name}/`);
      looked.set(`${name}/`, inside);
      if (inside.some((child) => child.startsWith('_')) && isRepositoryName(name)) yield name;
    }
  }
}

async function childrenOf(store: Store, prefix: string): Promise<string[]> {
  const names: string[] = [];
  for await (const name of store.driver.children(`${KEYS.repositories}${prefix}`)) names.push(name);
  return names;
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
