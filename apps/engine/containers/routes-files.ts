import { BerthError } from '@berth/kit';
import { parseReference, parseTag, type Reference, withDefaultTag } from '@berth/oci';
import { type ApiRequest, booleanOf, empty, json, type Reply, type Route, textOf } from '../api/http.ts';
import type { ContainerService } from './index.ts';
import type { CommitOptions, PathStat } from './service.ts';

/** Files of containers: copying in and out, export. */
export function fileRoutes(containers: ContainerService): Route[] {
  return [
    {
      method: 'HEAD',
      path: '/containers/{id}/archive',
      name: 'container.stat',
      permission: 'read',
      handler: async (request) => {
        const stat = await containers.stat(request.param('id'), pathOf(request));
        return { kind: 'empty', status: 200, headers: statHeader(stat) };
      },
    },
    {
      method: 'GET',
      path: '/containers/{id}/archive',
      name: 'container.copyOut',
      permission: 'admin',
      handler: async (request) => {
        const { stat, body } = await containers.copyOut(request.param('id'), pathOf(request));
        return { kind: 'stream', type: 'application/x-tar', body, headers: statHeader(stat) };
      },
    },
    {
      method: 'PUT',
      path: '/containers/{id}/archive',
      name: 'container.copyIn',
      permission: 'admin',
      handler: async (request) => {
        await containers.copyIn(request.param('id'), pathOf(request), request.body, {
          copyUidGid: booleanOf(request, 'copyUIDGID'),
          keepKinds: booleanOf(request, 'noOverwriteDirNonDir'),
        });
        return empty(200);
      },
    },
    {
      method: 'GET',
      path: '/containers/{id}/export',
      name: 'container.export',
      permission: 'admin',
      handler: async (request): Promise<Reply> => ({
        kind: 'stream',
        type: 'application/octet-stream',
        body: await containers.export(request.param('id')),
      }),
    },
    {
      method: 'GET',
      path: '/containers/{id}/changes',
      name: 'container.changes',
      permission: 'read',
      handler: async (request) => json(200, await containers.changes(request.param('id'))),
    },
    {
      method: 'POST',
      path: '/commit',
      name: 'container.commit',
      permission: 'write',
      handler: async (request) =>
        json(201, await containers.commit(request.query('container'), await commitOptions(request))),
    },
  ];
}

function referenceOf(repository: string, tag: string): Reference {
  const reference = parseReference(repository);
  if (reference.digest !== undefined)
    throw new BerthError('invalid', 'refusing to create a tag with a digest reference');
  return tag === '' ? reference : { ...reference, tag: parseTag(tag) };
}

async function commitOptions(request: ApiRequest): Promise<CommitOptions> {
  const [repository, tag] = [request.query('repo'), request.query('tag')];
  return {
    reference: repository === '' ? undefined : withDefaultTag(referenceOf(repository, tag)),
    author: request.query('author'),
    comment: request.query('comment'),
    pause: !request.hasQuery('pause') || request.query('pause') === '' || booleanOf(request, 'pause'),
    changes: request.queryAll('changes'),
    config: await request.json(),
  };
}

/** Errors: invalid when it is missing. */
function pathOf(request: ApiRequest): string {
  const path = textOf(request, 'path');
  if (path === undefined) throw new BerthError('invalid', 'bad parameter: path cannot be empty');
  if (path.includes('\0')) throw new BerthError('invalid', 'bad parameter: path has a NUL byte');
  return path;
}

function statHeader(stat: PathStat): Record<string, string> {
  return { 'X-Docker-Container-Path-Stat': Buffer.from(JSON.stringify(stat)).toString('base64') };
}
