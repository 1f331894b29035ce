import { atLeastApi, type FilterValues } from '@berth/contract';
import { type ApiRequest, booleanOf, empty, filtersOf, json, type Route } from '../api/http.ts';
import type { VolumeService } from './index.ts';
import { updateVolume } from './update.ts';

export function volumeRoutes(volumes: VolumeService): Route[] {
  const nameOf = (request: ApiRequest) => request.param('name');
  return [
    {
      method: 'GET',
      path: '/volumes',
      name: 'volume.list',
      permission: 'read',
      handler: (request) => json(200, { Volumes: volumes.list(filtersOf(request)), Warnings: null }),
    },
    {
      method: 'POST',
      path: '/volumes/create',
      name: 'volume.create',
      // A driver's options mount anything of the host.
      permission: 'admin',
      handler: async (request) => json(201, await volumes.create((await request.json()) ?? {})),
    },
    {
      method: 'GET',
      path: '/volumes/{name}',
      name: 'volume.inspect',
      permission: 'read',
      handler: (request) => json(200, volumes.inspect(nameOf(request))),
    },
    {
      method: 'DELETE',
      path: '/volumes/{name}',
      name: 'volume.remove',
      permission: 'write',
      handler: async (request) => {
        await volumes.remove(nameOf(request), { force: booleanOf(request, 'force') });
        return empty(204);
      },
    },
    {
      method: 'PUT',
      path: '/volumes/{name}',
      name: 'volume.update',
      permission: 'write',
      handler: () => updateVolume(),
    },
    {
      method: 'POST',
      path: '/volumes/prune',
      name: 'volume.prune',
      permission: 'write',
      handler: async (request) => json(200, await volumes.prune(pruneFilters(request))),
    },
  ];
}

/** Before 1.42 a prune took all unused volumes. */
function pruneFilters(request: ApiRequest): FilterValues {
  const filters = filtersOf(request);
  return atLeastApi(request.version, '1.42') ? filters : { ...filters, all: ['true'] };
}
