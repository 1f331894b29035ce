import { atLeastApi } from '@berth/contract';
import { json, type Reply, type Route } from '../api/http.ts';
import type { System } from './index.ts';

const PING_HEADERS = {
  // Version 2 would be BuildKit: clients then build through /session and /grpc.
  'Builder-Version': '1',
  Swarm: 'inactive',
  'Cache-Control': 'no-cache, no-store, must-revalidate',
  Pragma: 'no-cache',
};

export function systemRoutes(system: System): Route[] {
  const read = { method: 'GET', permission: 'read' } as const;
  const ping = (): Reply => ({ kind: 'text', status: 200, text: 'OK', headers: PING_HEADERS });
  return [
    { ...read, path: '/_ping', name: 'system.ping', handler: ping },
    { ...read, method: 'HEAD', path: '/_ping', name: 'system.ping', handler: ping },
    { ...read, path: '/version', name: 'system.version', handler: () => json(200, system.version()) },
    { ...read, path: '/info', name: 'system.info', handler: async () => json(200, await system.info()) },
    {
      ...read,
      path: '/system/df',
      name: 'system.df',
      handler: async (request) => {
        const types = atLeastApi(request.version, '1.42') ? request.queryAll('type') : [];
        return json(200, await system.diskUsage(types));
      },
    },
    {
      method: 'POST',
      path: '/auth',
      name: 'system.login',
      permission: 'write',
      handler: async (request) => json(200, await system.login((await request.json()) ?? {}, request.signal)),
    },
  ];
}
