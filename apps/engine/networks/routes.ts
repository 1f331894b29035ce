import type { FilterValues } from '@berth/contract';
import { filtersOf, json, type Route } from '../api/http.ts';

/** What the API asks of networks. Answers are Docker's wire types. */
export interface NetworkCatalog {
  /** Errors: invalid for a filter that Docker does not have. */
  list(filters: FilterValues): object[] | Promise<object[]>;
  /** By id, unambiguous id prefix or name. Errors: not-found `network NAME not found`. */
  inspect(name: string): object | Promise<object>;
}

export function networkRoutes(networks: NetworkCatalog): Route[] {
  const list = (path: string): Route => ({
    method: 'GET',
    path,
    name: 'network.list',
    permission: 'read',
    handler: async (request) => json(200, await networks.list(filtersOf(request))),
  });
  return [
    list('/networks'),
    list('/networks/'),
    {
      method: 'GET',
      path: '/networks/{id}',
      name: 'network.inspect',
      permission: 'read',
      handler: async (request) => json(200, await networks.inspect(request.param('id'))),
    },
  ];
}
