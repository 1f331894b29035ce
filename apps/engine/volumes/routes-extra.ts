import { BerthError } from '@berth/kit';
import { type ApiRequest, empty, json, type Route, textOf } from '../api/http.ts';
import type { VolumeService } from './index.ts';

const ROOT = '/berth/v1/volumes/{name}';

/** What Docker does not have: names as metadata, copies of a moment, files without a container. */
export function volumeExtraRoutes(volumes: VolumeService): Route[] {
  const nameOf = (request: ApiRequest) => request.param('name');
  return [
    {
      method: 'POST',
      path: `${ROOT}/rename`,
      name: 'volume.rename',
      permission: 'write',
      handler: async (request) => {
        await volumes.rename(nameOf(request), request.query('name'));
        return empty(204);
      },
    },
    {
      method: 'POST',
      path: `${ROOT}/clone`,
      name: 'volume.clone',
      permission: 'write',
      handler: async (request) =>
        json(
          201,
          await volumes.clone(nameOf(request), {
            name: request.query('name'),
            labels: {},
            freeze: freezeOf(request),
          }),
        ),
    },
    {
      method: 'POST',
      path: `${ROOT}/snapshot`,
      name: 'volume.snapshot',
      permission: 'write',
      handler: async (request) =>
        json(201, await volumes.snapshot(nameOf(request), { name: request.query('name'), freeze: freezeOf(request) })),
    },
    {
      method: 'GET',
      path: `${ROOT}/backup`,
      name: 'volume.backup',
      // All data of an application, passwords included.
      permission: 'admin',
      handler: async (request) => ({
        kind: 'stream',
        type: 'application/x-tar',
        body: await volumes.backup(nameOf(request)),
      }),
    },
    {
      method: 'PUT',
      path: `${ROOT}/restore`,
      name: 'volume.restore',
      permission: 'admin',
      handler: async (request) => {
        const from = textOf(request, 'from');
        const source = from === undefined ? { archive: request.body } : { volume: from, freeze: freezeOf(request) };
        return json(200, await volumes.restore(nameOf(request), source));
      },
    },
    {
      method: 'GET',
      path: `${ROOT}/files`,
      name: 'volume.files',
      permission: 'admin',
      handler: async (request) =>
        json(
          200,
          await volumes.files(nameOf(request), {
            path: request.query('path'),
            recursive: request.query('recursive') === '1',
          }),
        ),
    },
    {
      method: 'GET',
      path: `${ROOT}/cat`,
      name: 'volume.cat',
      permission: 'admin',
      handler: async (request) => {
        const path = textOf(request, 'path');
        if (path === undefined) throw new BerthError('invalid', 'the path of a file in the volume is missing');
        return {
          kind: 'stream',
          type: 'application/octet-stream',
          body: await volumes.cat(nameOf(request), path),
        };
      },
    },
  ];
}

/** On unless `freeze=0`. */
function freezeOf(request: ApiRequest): boolean {
  return !['0', 'false'].includes(request.query('freeze'));
}
