import { readFileSync } from 'node:fs';
import type { Answer, Routes } from './fake-engine.ts';

interface Sample {
  containers: unknown[];
  container: unknown;
  images: unknown[];
  image: unknown;
  history: unknown[];
  networks: unknown[];
  info: unknown;
  version: unknown;
  diskUsage: unknown;
  search: unknown[];
  volumes: object[];
  /** JSON texts. */
  events: string[];
  /** Progress messages. */
  pull: unknown[];
}

/** Answers with a bit of everything that clients show: containers, images, networks, usage, events, transfers. */
export function sampleRoutes(): Routes {
  const sample = JSON.parse(readFileSync(new URL('./sample-engine.json', import.meta.url), 'utf8')) as Sample;
  const ok = (value: unknown): Answer => ({ text: `${wire(value)}\n` });
  const missing = (message: string): Answer => ({ status: 404, json: { message } });
  const stream = (messages: unknown[]): Answer => ({
    text: messages.map((one) => `${JSON.stringify(one)}\r\n`).join(''),
  });
  const denied = { errorDetail: { code: 401, message: 'denied: no' }, error: 'denied: no' };
  return {
    'GET /containers/json': ok(sample.containers),
    'GET /containers/web/json': ok(sample.container),
    'GET /containers/*': missing('No such container: nope'),
    'GET /images/json': ok(sample.images),
    'GET /images/busybox/json': ok(sample.image),
    'GET /images/busybox/history': ok(sample.history),
    'GET /images/search': ok(sample.search),
    'GET /images/get': { text: 'tar data', type: 'application/x-tar' },
    'GET /images/*': missing('No such image: nope'),
    'GET /networks': ok(sample.networks),
    'GET /networks/bridge': ok(sample.networks[1]),
    'GET /networks/*': missing('network nope not found'),
    'GET /info': ok(sample.info),
    'GET /version': ok(sample.version),
    'GET /system/df': ok(sample.diskUsage),
    'GET /events': { text: `${sample.events.join('\n')}\n` },
    'POST /images/create': stream(sample.pull),
    'POST /images/docker.io/library/busybox/push': stream(sample.pull),
    'POST /images/busybox/push': stream(sample.pull),
    'POST /images/docker.io/library/fails/push': stream([{ status: 'x' }, denied]),
    'POST /images/fails/push': stream([{ status: 'x' }, denied]),
    'POST /images/*': missing('No such image: nope'),
    'POST /images/load': stream([{ stream: 'Loaded image: busybox:latest\n' }]),
    'POST /images/busybox/tag': { status: 201, text: '' },
    'DELETE /images/busybox': ok([{ Untagged: 'busybox:latest' }, { Deleted: 'sha256:1' }]),
    'DELETE /images/used': { status: 409, json: { message: 'conflict: used' } },
    'DELETE /images/*': missing('No such image: nope:latest'),
    'POST /images/prune': ok({
      ImagesDeleted: [{ Untagged: 'a:b' }, { Deleted: 'sha256:c' }],
      SpaceReclaimed: 1234567,
    }),
    'POST /containers/prune': ok({ ContainersDeleted: ['x'], SpaceReclaimed: 100 }),
    'POST /networks/prune': ok({ NetworksDeleted: ['n'] }),
    'GET /volumes': ok({ Volumes: [...sample.volumes, { ...sample.volumes[0], Name: 'data10' }], Warnings: null }),
    'GET /volumes/data2': ok(sample.volumes[0]),
    'GET /volumes/*': missing('get nope: no such volume'),
    'POST /volumes/create': (_request, response, body) => {
      const { Name, ...rest } = JSON.parse(body.toString()) as { Name?: string };
      response.writeHead(201, { 'Content-Type': 'application/json' });
      response.end(JSON.stringify({ Name: `${Name}:${JSON.stringify(rest)}` }));
    },
    'DELETE /volumes/data2': { status: 204, text: '' },
    'DELETE /volumes/used': { status: 409, json: { message: 'remove used: volume is in use - [abc]' } },
    'DELETE /volumes/*': missing('get nope: no such volume'),
    'POST /volumes/prune': ok({ VolumesDeleted: ['v'], SpaceReclaimed: 7 }),
    'POST /build/prune': ok({ CachesDeleted: ['c'], SpaceReclaimed: 9 }),
    'POST /auth': (_request, response, body) => {
      const good = (JSON.parse(body.toString()) as { password: string }).password === 'good';
      response.writeHead(good ? 200 : 401, { 'Content-Type': 'application/json' });
      const refusal = { message: 'unauthorized: incorrect username or password' };
      response.end(JSON.stringify(good ? { Status: 'Login Succeeded', IdentityToken: '' } : refusal));
    },
  };
}

/** JSON text; `"ago 60"` stands for the second a minute ago, `"int 5"` for an integer of any size. */
function wire(value: unknown): string {
  const now = Math.floor(Date.now() / 1000);
  return JSON.stringify(value)
    .replace(/"ago (\d+)"/g, (_all, seconds: string) => String(now - Number(seconds)))
    .replace(/"int (\d+)"/g, '$1');
}
