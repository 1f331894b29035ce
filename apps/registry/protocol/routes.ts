import type { Action } from '../access/index.ts';
import { readDigest } from '../digest.ts';
import { RegistryError } from '../errors.ts';
import type { Endpoint, Exchange } from '../http/exchange.ts';
import { readReference, readRepositoryName } from '../names.ts';
import { deleteBlob, getBlob } from './blobs.ts';
import { listCatalog } from './catalog.ts';
import type { ApiContext } from './context.ts';
import { deleteManifestOrTag, getManifest, pushManifest } from './manifests.ts';
import { listReferrers } from './referrers.ts';
import { listTags } from './tags.ts';
import { cancelUpload, finishUpload, patchUpload, startUpload, uploadStatus } from './uploads.ts';
import { sendVersion } from './version.ts';

type Serve = (exchange: Exchange) => Promise<void>;
/** Methods of one URL; GET answers HEAD as well. */
type Methods = Partial<Record<'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE', [verb: string, Action[], Serve]>>;

const PULL: Action[] = ['pull'];
const PUSH: Action[] = ['pull', 'push'];
const DELETE: Action[] = ['delete'];

/**
 * The URLs of the OCI distribution specification ("Endpoints"). A path is read from its end: a repository may have any
 * number of parts, also such as `blobs` or `tags`.
 */
export function createRoutes(context: ApiContext): (method: string, path: string) => Endpoint {
  return (method, path) => {
    if (path === '/v2/' || path === '/v2') return plain(method, 'base', 'root', sendVersion);
    if (path === '/v2/_catalog') return plain(method, 'catalog.list', ['catalog'], listCatalog(context));
    if (!path.startsWith('/v2/')) throw noSuch(path);
    const parts = path.slice('/v2/'.length).split('/');
    const [third, second, last = ''] = [parts.at(-3), parts.at(-2), parts.at(-1)];
    const name = (drop: number) => readRepositoryName(parts.slice(0, -drop).join('/'));
    if (third === 'blobs' && second === 'uploads')
      return choose(method, 'upload', name(3), last === '' ? begin(context, name(3)) : upload(context, name(3), last));
    if (second === 'blobs' && last === 'uploads') return choose(method, 'upload', name(2), begin(context, name(2)));
    if (second === 'blobs') return choose(method, 'blob', name(2), blob(context, name(2), last));
    if (second === 'manifests') return choose(method, 'manifest', name(2), manifest(context, name(2), last));
    if (second === 'referrers')
      return choose(method, 'referrers', name(2), {
        GET: ['list', PULL, listReferrers(context, name(2), readDigest(last))],
      });
    if (second === 'tags' && last === 'list')
      return choose(method, 'tags', name(2), { GET: ['list', PULL, listTags(context, name(2))] });
    throw noSuch(path);
  };
}

function begin(context: ApiContext, name: string): Methods {
  return { POST: ['start', PUSH, startUpload(context, name)] };
}

function upload(context: ApiContext, name: string, id: string): Methods {
  return {
    GET: ['status', PUSH, uploadStatus(context, name, id)],
    PATCH: ['patch', PUSH, patchUpload(context, name, id)],
    PUT: ['finish', PUSH, finishUpload(context, name, id)],
    DELETE: ['cancel', PUSH, cancelUpload(context, name, id)],
  };
}

function blob(context: ApiContext, name: string, text: string): Methods {
  const digest = readDigest(text);
  return {
    GET: ['get', PULL, getBlob(context, name, digest)],
    DELETE: ['delete', DELETE, deleteBlob(context, name, digest)],
  };
}

function manifest(context: ApiContext, name: string, text: string): Methods {
  const reference = readReference(text);
  return {
    GET: ['get', PULL, getManifest(context, name, reference)],
    PUT: ['push', PUSH, pushManifest(context, name, reference)],
    DELETE: ['delete', DELETE, deleteManifestOrTag(context, name, reference)],
  };
}

function choose(method: string, noun: string, repository: string, methods: Methods): Endpoint {
  const found = Object.entries(methods).find(([name]) => name === (method === 'HEAD' ? 'GET' : method));
  if (!found) throw wrongMethod(method, Object.keys(methods));
  const [verb, actions, serve] = found[1];
  return { name: `${noun}.${verb}`, repository, needs: actions.map((action) => ({ repository, action })), serve };
}

function plain(method: string, name: string, needs: Endpoint['needs'], serve: Serve): Endpoint {
  if (method !== 'GET' && method !== 'HEAD') throw wrongMethod(method, ['GET']);
  return { name, repository: undefined, needs, serve };
}

function wrongMethod(method: string, methods: string[]): RegistryError {
  const allow = methods.flatMap((name) => (name === 'GET' ? ['GET', 'HEAD'] : [name])).join(', ');
  return new RegistryError('UNSUPPORTED', `${method.slice(0, 20)} is not possible here, but ${allow}`, {
    headers: { allow },
  });
}

function noSuch(path: string): RegistryError {
  return new RegistryError('UNSUPPORTED', `no such address: ${JSON.stringify(path.slice(0, 150))}`, { status: 404 });
}
