import { repositoriesAfter } from '../content/repositories.ts';
import type { Exchange } from '../http/exchange.ts';
import { sendJson } from '../http/send.ts';
import type { ApiContext } from './context.ts';
import { cutPage, readPage } from './page.ts';

/** Most repositories in one answer. */
const PAGE_MAX = 1000;

/** Repositories that have anything, in the order of ASCII. Errors: PAGINATION_NUMBER_INVALID. */
export function listCatalog({ store }: ApiContext) {
  return async ({ answer, query, caller }: Exchange): Promise<void> => {
    const { n, last } = readPage(query);
    const page = { n: Math.min(n ?? PAGE_MAX, PAGE_MAX), last };
    const found: string[] = [];
    for await (const name of repositoriesAfter(store, last)) {
      if (caller.sees(name)) found.push(name);
      if (found.length > page.n) break; // there is a next page
    }
    const { entries, headers } = cutPage(found, page, '/v2/_catalog');
    sendJson(answer, 200, { repositories: entries }, headers);
  };
}
