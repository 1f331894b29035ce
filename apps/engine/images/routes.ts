import { atLeastApi } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { parseReference, parseTag, type Reference, withDefaultTag } from '@berth/oci';
import {
  type ApiRequest,
  booleanOf,
  empty,
  filtersOf,
  integerOf,
  json,
  openUrl,
  type Reply,
  type Route,
  textOf,
} from '../api/http.ts';
import type { ImageRunConfig } from './model.ts';
import { decodeRegistryAuth } from './registry-auth.ts';
import type { Images } from './service.ts';
import type { Transfers } from './transfers.ts';

export interface ImageServices {
  images: Images;
  transfers: Transfers;
}

export function imageRoutes({ images, transfers }: ImageServices): Route[] {
  return [
    ...showing(images),
    ...changing(images),
    ...archives(images),
    ...registry(images, transfers),
    ...starter(images),
  ];
}

const nameOf = (request: ApiRequest) => request.param('name');
const authOf = (request: ApiRequest) => decodeRegistryAuth(headerOf(request, 'x-registry-auth'));

function headerOf(request: ApiRequest, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function showing(images: Images): Route[] {
  return [
    {
      method: 'GET',
      path: '/images/json',
      name: 'image.list',
      permission: 'read',
      handler: async (request) => {
        const filters = listFiltersOf(request);
        const sharedSize = booleanOf(request, 'shared-size');
        const found = await images.list({ all: booleanOf(request, 'all'), filters, sharedSize });
        const listed = asksForManifests(request, '1.47') ? await images.withManifests(found) : found;
        return json(
          200,
          listed.map((image) => withVirtualSize(request, image)),
        );
      },
    },
    {
      method: 'GET',
      path: '/images/{name}/json',
      name: 'image.inspect',
      permission: 'read',
      handler: async (request) => {
        const found = images.inspect(nameOf(request), textOf(request, 'platform'));
        const [image = found] = asksForManifests(request, '1.48') ? await images.withManifests([found]) : [];
        return json(200, withMadeFrom(request, withVirtualSize(request, image), found.Config));
      },
    },
    {
      method: 'GET',
      path: '/images/{name}/history',
      name: 'image.history',
      permission: 'read',
      handler: (request) => json(200, images.history(nameOf(request), textOf(request, 'platform'))),
    },
  ];
}

/** Clients before 1.41 may name images with `filter`, without a key. Errors: invalid. */
export function listFiltersOf(request: ApiRequest): Record<string, string[]> {
  const filters = filtersOf(request);
  const name = atLeastApi(request.version, '1.41') ? undefined : textOf(request, 'filter');
  return name === undefined ? filters : { ...filters, reference: [name] };
}

/** `manifests=1`, since the API version that has it. */
function asksForManifests(request: ApiRequest, since: string): boolean {
  return atLeastApi(request.version, since) && booleanOf(request, 'manifests');
}

/** Clients before 1.44 show this field; it always was the same as Size. */
function withVirtualSize(request: ApiRequest, image: { Size: number }): object {
  return atLeastApi(request.version, '1.44') ? image : { ...image, VirtualSize: image.Size };
}

/**
 * Clients before 1.45 read of which container an image was made, and Compose V1 (in Python), which speaks any version,
 * reads its volumes there. No image says so any more; the container that a build ended with had the image's configuration.
 */
export function withMadeFrom(request: ApiRequest, image: object, config: ImageRunConfig): object {
  const isComposeV1 = headerOf(request, 'user-agent')?.startsWith('docker-compose/1.') === true;
  if (atLeastApi(request.version, '1.45') && !isComposeV1) return image;
  const streams = { AttachStdin: false, AttachStdout: false, AttachStderr: false };
  const terminal = { Tty: false, OpenStdin: false, StdinOnce: false };
  return {
    ...image,
    Container: '',
    ContainerConfig: { Hostname: '', Domainname: '', ...streams, ...terminal, Image: '', ...config },
  };
}

/** Each `platform` or `platforms` of a request, as text or as JSON. */
export function platformsOf(request: ApiRequest): string[] {
  return ['platform', 'platforms'].flatMap((name) => request.queryAll(name)).filter(Boolean);
}

function changing(images: Images): Route[] {
  return [
    {
      method: 'POST',
      path: '/images/{name}/tag',
      name: 'image.tag',
      permission: 'write',
      handler: (request) => {
        images.tag(nameOf(request), withDefaultTag(referenceOf(request.query('repo'), request.query('tag'))));
        return empty(201);
      },
    },
    {
      method: 'DELETE',
      path: '/images/{name}',
      name: 'image.remove',
      permission: 'write',
      handler: async (request) => {
        const [force, noPrune] = [booleanOf(request, 'force'), booleanOf(request, 'noprune')];
        return json(200, await images.remove(nameOf(request), { force, noPrune, platforms: platformsOf(request) }));
      },
    },
    {
      method: 'POST',
      path: '/images/prune',
      name: 'image.prune',
      permission: 'write',
      handler: async (request) => json(200, await images.prune(filtersOf(request))),
    },
  ];
}

/** A reference from a name and a tag or digest apart. Errors: invalid. */
function referenceOf(name: string, tagOrDigest: string): Reference {
  if (tagOrDigest === '') return parseReference(name);
  if (tagOrDigest.includes(':')) return parseReference(`${name}@${tagOrDigest}`);
  return { ...parseReference(name), tag: parseTag(tagOrDigest) };
}

function archives(images: Images): Route[] {
  const save = async (request: ApiRequest, names: string[]): Promise<Reply> => {
    return { kind: 'stream', type: 'application/x-tar', body: await images.save(names, platformsOf(request)) };
  };
  return [
    {
      method: 'GET',
      path: '/images/{name}/get',
      name: 'image.save',
      permission: 'read',
      handler: (request) => save(request, [nameOf(request)]),
    },
    {
      method: 'GET',
      path: '/images/get',
      name: 'image.save',
      permission: 'read',
      handler: (request) => save(request, request.queryAll('names')),
    },
    {
      method: 'POST',
      path: '/images/load',
      name: 'image.load',
      permission: 'write',
      handler: (request) => {
        const [quiet, platform] = [booleanOf(request, 'quiet'), textOf(request, 'platform')];
        return {
          kind: 'progress',
          run: async (onProgress) => {
            await images.load(request.body, { onProgress, quiet, platform });
          },
        };
      },
    },
  ];
}

function registry(images: Images, transfers: Transfers): Route[] {
  return [
    {
      method: 'POST',
      path: '/images/create',
      name: 'image.create',
      permission: 'write',
      handler: (request) => {
        if (request.query('fromImage') !== '') return pull(transfers, request);
        if (request.query('fromSrc') !== '') return importArchive(images, request);
        throw new BerthError('invalid', 'an image must be named by fromImage (pull) or fromSrc (import)');
      },
    },
    {
      method: 'POST',
      path: '/images/{name}/push',
      name: 'image.push',
      permission: 'write',
      handler: (request) => {
        const reference = referenceOf(nameOf(request), request.query('tag'));
        const [auth, platform] = [authOf(request), textOf(request, 'platform')];
        return {
          kind: 'progress',
          run: (onProgress, signal) => transfers.push(reference, { auth, platform, onProgress, signal }),
        };
      },
    },
    {
      method: 'GET',
      path: '/images/search',
      name: 'image.search',
      permission: 'read',
      handler: async (request) => {
        const limit = integerOf(request, 'limit') ?? 0;
        const options = { limit, filters: filtersOf(request), auth: authOf(request), signal: request.signal };
        return json(200, await transfers.search(request.query('term'), options));
      },
    },
    {
      method: 'GET',
      path: '/distribution/{name}/json',
      name: 'image.distribution',
      permission: 'read',
      handler: async (request) => {
        const reference = withDefaultTag(parseReference(nameOf(request)));
        return json(200, await transfers.inspect(reference, { auth: authOf(request), signal: request.signal }));
      },
    },
  ];
}

function pull(transfers: Transfers, request: ApiRequest): Reply {
  const reference = referenceOf(request.query('fromImage'), request.query('tag'));
  const auth = authOf(request);
  const platform = atLeastApi(request.version, '1.32') ? textOf(request, 'platform') : undefined;
  // Berth's own: what the registry, the network and the disk took.
  const explain = booleanOf(request, 'explain');
  return {
    kind: 'progress',
    run: (onProgress, signal) => transfers.pull(reference, { auth, platform, onProgress, signal, explain }),
  };
}

/** From the request's body (`fromSrc=-`) or from a URL. */
function importArchive(images: Images, request: ApiRequest): Reply {
  const repository = request.query('repo');
  const reference = repository === '' ? undefined : withDefaultTag(referenceOf(repository, request.query('tag')));
  const source = request.query('fromSrc');
  const options = {
    reference,
    message: request.query('message'),
    changes: request.queryAll('changes'),
    platform: textOf(request, 'platform'),
    source,
  };
  return {
    kind: 'progress',
    run: async (emit, signal) => {
      const archive = source === '-' ? request.body : await openUrl(source, signal);
      const image = await images.import(archive, options);
      emit({ status: image.id });
    },
  };
}

function starter(images: Images): Route[] {
  return [
    {
      method: 'POST',
      path: '/berth/v1/images/starter',
      name: 'image.starter',
      permission: 'write',
      handler: async (request) => {
        const names = (await request.json())?.['names'];
        if (!Array.isArray(names) || !names.every((name) => typeof name === 'string')) {
          throw new BerthError('invalid', 'the body must be {"names": ["NAME", …]}');
        }
        return {
          kind: 'progress',
          run: async (onProgress) => {
            await images.starter(names, onProgress);
          },
        };
      },
    },
  ];
}
