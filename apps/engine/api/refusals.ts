import { BerthError, type ErrorCode } from '@berth/kit';
import type { Route } from './route.ts';

/** `METHOD /path`, audit name, what is not there. */
type Missing = readonly [endpoint: string, name: string, what: string];

/** Endpoints of Docker that this version of Berth does not have yet; a line goes when its verb comes. */
const MISSING: readonly Missing[] = [
  ['POST /session', 'build.session', 'building images with BuildKit'],
  ['POST /grpc', 'build.grpc', 'building images with BuildKit'],
];

const NO_MANAGER =
  'This node is not a swarm manager. Use "docker swarm init" or "docker swarm join" to connect this node to swarm and try again.';

/** Endpoints that ask a swarm manager; this engine never is one. */
const SWARM: readonly string[] = [
  ...['GET /swarm', 'POST /swarm/update', 'GET /swarm/unlockkey'],
  ...['GET /nodes', 'GET /nodes/{id}', 'DELETE /nodes/{id}', 'POST /nodes/{id}/update'],
  ...['GET /services', 'POST /services/create', 'GET /services/{id}', 'DELETE /services/{id}'],
  ...['POST /services/{id}/update', 'GET /services/{id}/logs'],
  ...['GET /tasks', 'GET /tasks/{id}', 'GET /tasks/{id}/logs'],
  ...['GET /secrets', 'POST /secrets/create', 'GET /secrets/{id}', 'DELETE /secrets/{id}', 'POST /secrets/{id}/update'],
  ...['GET /configs', 'POST /configs/create', 'GET /configs/{id}', 'DELETE /configs/{id}', 'POST /configs/{id}/update'],
];

/** Endpoints with an answer of their own that never changes: endpoint, error class, sentence. */
const FIXED: readonly (readonly [endpoint: string, code: ErrorCode, message: string])[] = [
  ...SWARM.map((endpoint) => [endpoint, 'unavailable', NO_MANAGER] as const),
  ['POST /swarm/init', 'not-supported', 'swarm mode is not supported by Berth'],
  ['POST /swarm/join', 'not-supported', 'swarm mode is not supported by Berth'],
  ['POST /swarm/leave', 'unavailable', 'This node is not part of a swarm'],
  ['POST /swarm/unlock', 'unavailable', 'This node is not part of a swarm'],
  ['GET /plugins/privileges', 'not-supported', 'plugins are not supported by Berth'],
  ['POST /plugins/pull', 'not-supported', 'plugins are not supported by Berth'],
  ['POST /plugins/create', 'not-supported', 'plugins are not supported by Berth'],
];

/** Endpoints of one plugin: no plugin is here, so every name is unknown. */
const PLUGIN: readonly string[] = [
  ...[
    'GET /plugins/{name}/json',
    'DELETE /plugins/{name}',
    'POST /plugins/{name}/enable',
    'POST /plugins/{name}/disable',
  ],
  ...['POST /plugins/{name}/upgrade', 'POST /plugins/{name}/push', 'POST /plugins/{name}/set'],
];

/** Routes whose only answer is an error, so that a client learns why instead of meeting an unknown page. */
export function refusalRoutes(): Route[] {
  return [
    ...MISSING.map(([endpoint, name, what]) =>
      refusal(
        endpoint,
        name,
        () => new BerthError('not-supported', `${what} is not supported by this version of Berth`),
      ),
    ),
    ...FIXED.map(([endpoint, code, message]) =>
      refusal(endpoint, nameOf(endpoint), () => new BerthError(code, message)),
    ),
    ...PLUGIN.map((endpoint) =>
      refusal(endpoint, nameOf(endpoint), (name) => new BerthError('not-found', `plugin "${name}" not found`)),
    ),
  ];
}

function refusal(endpoint: string, name: string, error: (subject: string) => BerthError): Route {
  const [method, path] = endpoint.split(' ') as [Route['method'], string];
  return {
    method,
    path,
    name,
    permission: method === 'GET' || method === 'HEAD' ? 'read' : 'write',
    handler: (request) => {
      throw error(request.param('name'));
    },
  };
}

/** `POST /services/{id}/update` → `services.update`; the last literal word, or the method where there is none. */
function nameOf(endpoint: string): string {
  const [method, path] = endpoint.split(' ') as [string, string];
  const words = path.split('/').filter((part) => part !== '' && !part.startsWith('{'));
  return `${words[0]}.${words.length > 1 ? words.at(-1) : method.toLowerCase()}`;
}
