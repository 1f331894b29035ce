import { tagNames } from '../content/records.ts';
import { repositoryExists } from '../content/repositories.ts';
import { RegistryError } from '../errors.ts';
import type { Exchange } from '../http/exchange.ts';
import { sendJson } from '../http/send.ts';
import type { ApiContext } from './context.ts';
import { cutPage, readPage } from './page.ts';

/** Tags in the order of ASCII. Errors: NAME_UNKNOWN, PAGINATION_NUMBER_INVALID. */
export function listTags({ store }: ApiContext, name: string) {
  return async ({ answer, query }: Exchange): Promise<void> => {
    const page = readPage(query);
    const all = await tagNames(store, name);
    if (all.length === 0 && !(await repositoryExists(store, name)))
      throw new RegistryError('NAME_UNKNOWN', `there is no repository ${name}`, { detail: { name } });
    const { entries, headers } = cutPage(all, page, `/v2/${name}/tags/list`);
    sendJson(answer, 200, { name, tags: entries }, headers);
  };
}
