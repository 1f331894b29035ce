import { empty, json, type Route } from '../api/http.ts';
import type { BuildInputs } from './index.ts';

/** What our own client sends ahead of `POST /build`. */
export function buildSessionRoutes(inputs: BuildInputs): Route[] {
  const write = { method: 'POST', permission: 'write' } as const;
  return [
    {
      ...write,
      path: '/berth/v1/build/context',
      name: 'build.context',
      handler: async (request) => json(201, await inputs.contexts.announce(request.body)),
    },
    {
      ...write,
      path: '/berth/v1/build/context/{id}/files',
      name: 'build.context',
      handler: async (request) => {
        await inputs.contexts.receive(request.param('id'), request.body);
        return empty(204);
      },
    },
    {
      ...write,
      path: '/berth/v1/build/sessions',
      name: 'build.session',
      handler: async (request) => json(201, inputs.sessions.open((await request.json()) ?? {})),
    },
    {
      ...write,
      path: '/berth/v1/build/sessions/{id}/ssh',
      name: 'build.session',
      handler: (request) => ({
        kind: 'hijack',
        multiplexed: false,
        join: inputs.sessions.join(request.param('id'), request.query('agent')),
      }),
    },
  ];
}
