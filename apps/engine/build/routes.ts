import { unknownFilter } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { type ApiRequest, booleanOf, empty, filtersOf, integerOf, json, type Reply, type Route } from '../api/http.ts';
import { type BuildInputs, type BuildQuery, type BuildService, PRUNE_FILTERS, readBuildRequest } from './index.ts';

export function buildRoutes(builds: BuildService, inputs: BuildInputs): Route[] {
  return [
    {
      method: 'POST',
      path: '/build',
      name: 'build.start',
      permission: 'admin', // a build may be given the network of the host
      handler: (request) => start(builds, inputs, request),
    },
    {
      method: 'POST',
      path: '/build/cancel',
      name: 'build.cancel',
      permission: 'write',
      handler: (request) => {
        const id = request.query('id');
        if (id === '') throw new BerthError('internal', 'build ID not provided');
        builds.cancel(id);
        return empty(200);
      },
    },
    {
      method: 'GET',
      path: '/berth/v1/build/caches/{id}',
      name: 'build.cache',
      permission: 'write', // it is gone then
      handler: (request) => ({
        kind: 'stream',
        type: 'application/x-tar',
        body: builds.exportedCache(request.param('id')),
      }),
    },
    {
      method: 'POST',
      path: '/build/prune',
      name: 'build.prune',
      permission: 'write',
      handler: async (request) => {
        const filters = filtersOf(request);
        const unknown = unknownFilter(filters, PRUNE_FILTERS);
        if (unknown !== undefined)
          throw new BerthError('invalid', `failed to prune build cache: Invalid filter '${unknown}'`);
        return json(
          200,
          await builds.prune({ all: booleanOf(request, 'all'), keepStorage: keptBytes(request), filters }),
        );
      },
    },
  ];
}

/**
 * Bytes that may stay. `keep-storage` is the older name of `reserved-space`; what is reserved stays also when it is more than
 * `max-used-space`. Errors: invalid; not-supported (a wish for free space, which would not be honoured).
 */
function keptBytes(request: ApiRequest): number {
  const bytes = (name: string) => {
    const value = integerOf(request, name) ?? 0;
    if (value < 0) throw new BerthError('invalid', `${name} is in bytes and positive, got ${value}`);
    return value;
  };
  if (bytes('min-free-space') > 0)
    throw new BerthError('not-supported', 'min-free-space is not supported: say how much may stay, by max-used-space');
  const older = bytes('keep-storage');
  return Math.max(bytes('max-used-space'), bytes('reserved-space') || older);
}

function start(builds: BuildService, inputs: BuildInputs, request: ApiRequest): Reply {
  const header = request.headers['x-registry-config'];
  const query: BuildQuery = {
    text: (name) => request.query(name),
    all: (name) => request.queryAll(name),
    flag: (name) => booleanOf(request, name),
    integer: (name) => integerOf(request, name),
    has: (name) => request.hasQuery(name),
    registryConfig: Array.isArray(header) ? header[0] : header,
  };
  const session = request.query('session');
  const build = readBuildRequest(query, () => (session === '' ? undefined : inputs.sessions.take(session)));
  return {
    kind: 'progress',
    run: (emit, signal) => builds.build(build, { body: request.body, emit, signal }),
  };
}
