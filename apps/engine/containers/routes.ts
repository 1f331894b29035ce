import { atLeastApi } from '@berth/contract';
import { BerthError } from '@berth/kit';
import {
  type ApiRequest,
  booleanOf,
  checkWebsocket,
  empty,
  filtersOf,
  integerOf,
  json,
  type Reply,
  type Route,
  sizeOf,
  textOf,
  timestampOf,
  unframe,
} from '../api/http.ts';
import type { AttachOptions, ContainerService, CreateBody, WaitCondition } from './index.ts';
import { checkpointRoutes, NO_CHECKPOINTS } from './routes-checkpoints.ts';
import { fileRoutes } from './routes-files.ts';

export function containerRoutes(containers: ContainerService): Route[] {
  return [
    ...showing(containers),
    ...lifecycle(containers),
    ...streaming(containers),
    ...fileRoutes(containers),
    ...checkpointRoutes(),
  ];
}

const nameOf = (request: ApiRequest) => request.param('id');

function showing(containers: ContainerService): Route[] {
  return [
    {
      method: 'GET',
      path: '/containers/json',
      name: 'container.list',
      permission: 'read',
      handler: async (request) =>
        json(
          200,
          await containers.list({
            all: booleanOf(request, 'all'),
            limit: integerOf(request, 'limit') ?? 0,
            size: booleanOf(request, 'size'),
            filters: listFilters(request),
          }),
        ),
    },
    {
      method: 'GET',
      path: '/containers/{id}/json',
      name: 'container.inspect',
      permission: 'read',
      handler: async (request) =>
        json(200, await containers.inspect(nameOf(request), { size: booleanOf(request, 'size') })),
    },
    {
      method: 'GET',
      path: '/containers/{id}/top',
      name: 'container.top',
      permission: 'read',
      handler: async (request) => json(200, await containers.top(nameOf(request), request.query('ps_args'))),
    },
  ];
}

/** The undocumented `since` and `before` parameters are the filters of the same names. */
function listFilters(request: ApiRequest): Record<string, string[]> {
  const filters = filtersOf(request);
  for (const name of ['since', 'before']) {
    const value = textOf(request, name);
    if (value !== undefined) filters[name] = [value];
  }
  return filters;
}

function lifecycle(containers: ContainerService): Route[] {
  const done = (name: string, path: string, act: (request: ApiRequest) => Promise<void>): Route => ({
    method: 'POST',
    path: `/containers/{id}/${path}`,
    name: `container.${name}`,
    permission: 'write',
    handler: async (request) => {
      await act(request);
      return empty(204);
    },
  });
  return [
    {
      method: 'POST',
      path: '/containers/create',
      name: 'container.create',
      permission: 'admin',
      handler: async (request) => {
        const body = await request.json();
        if (body === undefined)
          throw new BerthError('invalid', 'config cannot be empty in order to create a container');
        return json(
          201,
          await containers.create(knownTo(request.version, body), {
            name: textOf(request, 'name'),
            platform: textOf(request, 'platform'),
            readOnlyNonRecursive: !atLeastApi(request.version, '1.44'),
          }),
        );
      },
    },
    done('start', 'start', (request) => {
      refuseStartBody(request);
      if (textOf(request, 'checkpoint') !== undefined) throw new BerthError('not-supported', NO_CHECKPOINTS);
      return containers.start(nameOf(request));
    }),
    done('stop', 'stop', (request) => containers.stop(nameOf(request), stopOptions(request))),
    done('restart', 'restart', (request) => containers.restart(nameOf(request), stopOptions(request))),
    done('kill', 'kill', (request) => containers.kill(nameOf(request), textOf(request, 'signal'))),
    done('rename', 'rename', (request) => containers.rename(nameOf(request), request.query('name'))),
    done('pause', 'pause', (request) => containers.pause(nameOf(request))),
    done('unpause', 'unpause', (request) => containers.unpause(nameOf(request))),
    {
      method: 'POST',
      path: '/containers/{id}/update',
      name: 'container.update',
      permission: 'admin',
      handler: async (request) => json(200, await containers.update(nameOf(request), (await request.json()) ?? {})),
    },
    {
      method: 'POST',
      path: '/containers/{id}/resize',
      name: 'container.resize',
      permission: 'write',
      handler: async (request) => {
        const { height, width } = sizeOf(request);
        await containers.resize(nameOf(request), height, width);
        return empty(200);
      },
    },
    {
      method: 'POST',
      path: '/containers/{id}/wait',
      name: 'container.wait',
      permission: 'read',
      handler: async (request) => {
        const ticket = await containers.wait(nameOf(request), waitCondition(request), request.signal);
        return { kind: 'later', value: ticket.exited };
      },
    },
    {
      method: 'DELETE',
      path: '/containers/{id}',
      name: 'container.remove',
      permission: 'write',
      handler: async (request) => {
        const options = {
          force: booleanOf(request, 'force'),
          volumes: booleanOf(request, 'v'),
          link: booleanOf(request, 'link'),
        };
        await containers.remove(nameOf(request), options);
        return empty(204);
      },
    },
    {
      method: 'POST',
      path: '/containers/prune',
      name: 'container.prune',
      permission: 'write',
      handler: async (request) => json(200, await containers.prune(filtersOf(request))),
    },
  ];
}

/** What came with a newer version means nothing in an older one, as with Docker: the start interval is of 1.44. */
function knownTo(version: string, body: CreateBody): CreateBody {
  const { Healthcheck } = body;
  if (atLeastApi(version, '1.44') || typeof Healthcheck !== 'object' || Healthcheck === null) return body;
  return { ...body, Healthcheck: { ...Healthcheck, StartInterval: 0 } };
}

/** Clients once sent a HostConfig here; it would be ignored now, so it is refused. `{}` and `null` say nothing. */
function refuseStartBody(request: ApiRequest): void {
  const { 'content-length': length, 'transfer-encoding': encoding } = request.headers;
  if (encoding !== undefined || Number(length ?? 0) > 7) {
    throw new BerthError(
      'invalid',
      'starting container with non-empty request body was deprecated since API v1.22 and removed in v1.24',
    );
  }
}

/** `signal` came with 1.42; older clients that send it mean nothing by it. */
function stopOptions(request: ApiRequest): { timeout: number | undefined; signal: string | undefined } {
  return {
    timeout: integerOf(request, 't'),
    signal: atLeastApi(request.version, '1.42') ? textOf(request, 'signal') : undefined,
  };
}

function waitCondition(request: ApiRequest): WaitCondition {
  const condition = atLeastApi(request.version, '1.30') ? request.query('condition') : '';
  if (condition === '' || condition === 'not-running') return 'not-running';
  if (condition === 'next-exit' || condition === 'removed') return condition;
  throw new BerthError('invalid', `invalid condition: "${condition}"`, {
    hint: 'Use not-running, next-exit or removed.',
  });
}

function streaming(containers: ContainerService): Route[] {
  return [
    {
      method: 'GET',
      path: '/containers/{id}/stats',
      name: 'container.stats',
      permission: 'read',
      handler: async (request) => ({
        kind: 'stream',
        type: 'application/json',
        body: await containers.stats(nameOf(request), {
          stream: !request.hasQuery('stream') || booleanOf(request, 'stream'),
          oneShot: booleanOf(request, 'one-shot'),
        }),
      }),
    },
    {
      method: 'GET',
      path: '/containers/{id}/logs',
      name: 'container.logs',
      permission: 'read',
      handler: (request) => sendLogs(containers, request),
    },
    {
      method: 'POST',
      path: '/containers/{id}/attach',
      name: 'container.attach',
      permission: 'write',
      handler: async (request) => {
        const { tty, join } = await containers.attach(nameOf(request), attachOptions(request));
        return { kind: 'hijack', multiplexed: !tty && atLeastApi(request.version, '1.42'), join };
      },
    },
    {
      method: 'GET',
      path: '/containers/{id}/attach/ws',
      name: 'container.attach',
      permission: 'write',
      handler: async (request) => {
        const { tty, join } = await containers.attach(nameOf(request), websocketOptions(request));
        checkWebsocket(request.headers);
        return { kind: 'websocket', join: tty ? join : (connection) => join(unframe(connection)) };
      },
    },
  ];
}

async function sendLogs(containers: ContainerService, request: ApiRequest): Promise<Reply> {
  const [stdout, stderr] = [booleanOf(request, 'stdout'), booleanOf(request, 'stderr')];
  if (!stdout && !stderr) throw new BerthError('invalid', 'Bad parameters: you must choose at least one stream');
  const { tty, stream } = await containers.logs(nameOf(request), {
    stdout,
    stderr,
    follow: booleanOf(request, 'follow'),
    since: timestampOf(request, 'since'),
    until: timestampOf(request, 'until'),
    timestamps: booleanOf(request, 'timestamps'),
    details: booleanOf(request, 'details'),
    tail: tailOf(request.query('tail')),
  });
  const framed = !tty && atLeastApi(request.version, '1.42');
  return { kind: 'stream', type: `application/vnd.docker.${framed ? 'multiplexed' : 'raw'}-stream`, body: stream };
}

/** Everything that is not a number of lines means all, as with Docker. */
function tailOf(text: string): number {
  return /^[0-9]{1,9}$/.test(text) ? Number(text) : -1;
}

function attachOptions(request: ApiRequest): AttachOptions {
  return {
    stdin: booleanOf(request, 'stdin'),
    stdout: booleanOf(request, 'stdout'),
    stderr: booleanOf(request, 'stderr'),
    logs: booleanOf(request, 'logs'),
    stream: booleanOf(request, 'stream'),
    detachKeys: textOf(request, 'detachKeys'),
  };
}

/** Before 1.42 a websocket always had all three streams. */
function websocketOptions(request: ApiRequest): AttachOptions {
  const options = attachOptions(request);
  return atLeastApi(request.version, '1.42') ? options : { ...options, stdin: true, stdout: true, stderr: true };
}
