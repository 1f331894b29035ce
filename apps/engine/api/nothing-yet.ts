import { type FilterValues, unknownFilter } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { filtersOf } from './query.ts';
import { json, type Route } from './route.ts';

/**
 * True answers about nouns of which this engine has none yet: lists are empty, names are unknown, there is nothing to
 * prune. Each goes when its noun comes.
 */
export function nothingYetRoutes(): Route[] {
  const read = { method: 'GET', permission: 'read' } as const;
  return [
    prune(
      '/build/prune',
      'build.prune',
      ['until', 'id', 'parent', 'type', 'description', 'inuse', 'shared', 'private'],
      { CachesDeleted: [], SpaceReclaimed: 0 },
    ),
    { ...read, path: '/plugins', name: 'plugin.list', handler: () => json(200, []) },
  ];
}

function prune(path: string, name: string, filters: readonly string[], nothing: object): Route {
  return {
    method: 'POST',
    path,
    name,
    permission: 'write',
    handler: (request) => {
      refuseUnknown(filtersOf(request), filters);
      return json(200, nothing);
    },
  };
}

function refuseUnknown(filters: FilterValues, accepted: readonly string[]): void {
  const unknown = unknownFilter(filters, accepted);
  if (unknown !== undefined) throw new BerthError('invalid', `invalid filter '${unknown}'`);
}
