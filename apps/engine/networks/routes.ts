import type { FilterValues } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { type ApiRequest, empty, filtersOf, json, type Route } from '../api/http.ts';

/** What the API asks of networks. Answers are Docker's wire types. */
export interface NetworkCatalog {
  /** Errors: invalid for a filter that Docker does not have. */
  list(filters: FilterValues): object[] | Promise<object[]>;
  /** By id, unambiguous id prefix or name. Errors: not-found `network NAME not found`. */
  inspect(name: string): object | Promise<object>;
  /** Errors: invalid, forbidden, conflict, not-found (driver), not-supported. */
  create(body: Record<string, unknown>): Promise<object>;
  /** Errors: not-found, forbidden (predefined, has active endpoints). */
  remove(name: string): Promise<void>;
  prune(filters: FilterValues): Promise<object>;
  /** Errors: not-found (container, network), invalid, forbidden, conflict. */
  connect(name: string, body: Record<string, unknown>): Promise<void>;
  disconnect(name: string, body: Record<string, unknown>): Promise<void>;
}

export function networkRoutes(networks: NetworkCatalog): Route[] {
  return [...showing(networks), ...changing(networks)];
}

function showing(networks: NetworkCatalog): Route[] {
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
      handler: async (request) => {
        const scope = request.query('scope');
        if (scope !== '' && scope !== 'local')
          throw new BerthError('not-found', `network ${request.param('id')} not found`);
        return json(200, await networks.inspect(request.param('id')));
      },
    },
  ];
}

function changing(networks: NetworkCatalog): Route[] {
  return [
    {
      method: 'POST',
      path: '/networks/create',
      name: 'network.create',
      permission: 'write',
      handler: async (request) => json(201, await networks.create(await bodyOf(request))),
    },
    {
      method: 'POST',
      path: '/networks/prune',
      name: 'network.prune',
      permission: 'write',
      handler: async (request) => json(200, await networks.prune(filtersOf(request))),
    },
    {
      method: 'DELETE',
      path: '/networks/{id}',
      name: 'network.remove',
      permission: 'write',
      handler: async (request) => {
        await networks.remove(request.param('id'));
        return empty(204);
      },
    },
    {
      method: 'POST',
      path: '/networks/{id}/connect',
      name: 'network.connect',
      permission: 'write',
      handler: async (request) => {
        await networks.connect(request.param('id'), await bodyOf(request));
        return empty(200);
      },
    },
    {
      method: 'POST',
      path: '/networks/{id}/disconnect',
      name: 'network.disconnect',
      permission: 'write',
      handler: async (request) => {
        await networks.disconnect(request.param('id'), await bodyOf(request));
        return empty(200);
      },
    },
  ];
}

async function bodyOf(request: ApiRequest): Promise<Record<string, unknown>> {
  const body = await request.json();
  if (body === undefined) throw new BerthError('invalid', 'invalid JSON: got EOF while reading request body');
  return body;
}
