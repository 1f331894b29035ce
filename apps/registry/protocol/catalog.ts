import { repositories } from '../content/repositories.ts';
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
    const all: string[] = [];
    for await (const name of repositories(store)) if (caller.sees(name)) all.push(name);
    const page = { n: Math.min(n ?? PAGE_MAX, PAGE_MAX), last };
    const { entries, headers } = cutPage(all.sort(), page, '/v2/_catalog');
    sendJson(answer, 200, { repositories: entries }, headers);
  };
}
