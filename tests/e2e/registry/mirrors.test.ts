import { randomBytes } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import type http from 'node:http';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineConfig } from '../../../apps/engine/config.ts';
import { PULL_EXPLAIN_ID, type PullExplanation } from '../../../packages/contract/index.ts';
import { docker } from '../../support/docker.ts';
import { startTestEngine } from '../../support/engine.ts';
import { type FakeRegistry, fail, startFakeRegistry } from '../../support/registry-fake.ts';
import { type MadeImage, makeImage, publish } from '../../support/registry-images.ts';
import { openStore, type TransferChoice } from './open-store.ts';

let registry: FakeRegistry;
let mirror: FakeRegistry;
let other: FakeRegistry;
beforeEach(async () => {
  [registry, mirror, other] = await Promise.all([startFakeRegistry(), startFakeRegistry(), startFakeRegistry()]);
});
afterEach(async () => {
  await Promise.all([registry.close(), mirror.close(), other.close()]);
});

const image = (size = 1000) =>
  makeImage({ layers: [[{ path: 'file', content: randomBytes(size) }]], compression: 'none' });
const settings = (registries: EngineConfig['registries']) => ({ registries });
const pull = async (registries: EngineConfig['registries'], name: string, choice: TransferChoice = {}) => {
  await using store = await openStore(settings(registries));
  const said = await store.pull(name, { explain: true, ...choice });
  const explained = said.find(({ id }) => id === PULL_EXPLAIN_ID)?.aux as PullExplanation | undefined;
  return { id: store.images.resolve(name).id, said, explained };
};
const only = (url: string, fallback = true) => ({ mirrors: [url], fallback });
const asked = ({ seen }: FakeRegistry, what: RegExp) => seen.filter(({ url }) => what.test(url)).length;

describe('mirrors of any registry', () => {
  it('are asked by host, by domain and for all others, the closest name first', async () => {
    const made = image();
    publish(mirror, 'thing', 'latest', made);
    const name = `${registry.domain}/thing:latest`;
    for (const key of [registry.domain, '*']) {
      mirror.seen.length = 0;
      const { id } = await pull({ '*': only(other.origin), [key]: only(mirror.origin) }, name);
      expect(id).toBe(made.configDigest);
      expect(asked(mirror, /manifests/)).toBeGreaterThan(0);
    }
    expect(registry.seen).toEqual([]);
    expect(other.seen).toEqual([]);
  });

  it('come one after the other, then the registry, and it is told which gave the image', async () => {
    const made = image();
    publish(registry, 'thing', 'latest', made);
    await other.close();
    const name = `${registry.domain}/thing:latest`;
    const { id, explained } = await pull({ '*': { mirrors: [other.origin, mirror.origin], fallback: true } }, name);
    expect(id).toBe(made.configDigest);
    expect(explained?.sources).toEqual([
      { kind: 'mirror', name: other.origin, error: expect.stringContaining('connection refused') },
      { kind: 'mirror', name: mirror.origin, error: expect.stringContaining('manifest unknown') },
      { kind: 'registry', name: registry.domain },
    ]);
    expect(explained?.layers).toMatchObject([{ result: 'downloaded', from: registry.origin }]);
  });

  it('serve several registries below paths of their own', async () => {
    const made = image();
    publish(mirror, `cache/${registry.domain.replace(':', '-')}/thing`, 'latest', made);
    const { id } = await pull({ '*': only(`${mirror.origin}/cache/{host}`, false) }, `${registry.domain}/thing:latest`);
    expect(id).toBe(made.configDigest);
    expect(registry.seen).toEqual([]);
  });

  it('never get credentials of the registry', async () => {
    publish(registry, 'thing', 'latest', image());
    const wantsBasic = (_request: http.IncomingMessage, response: http.ServerResponse) => {
      fail(response, 401, 'UNAUTHORIZED', 'who are you', { 'www-authenticate': 'Basic realm="mirror"' });
      return true;
    };
    mirror.intercept = wantsBasic;
    other.intercept = (_request, response) => {
      const challenge = `Bearer realm="${mirror.origin}/token",service="x"`;
      fail(response, 401, 'UNAUTHORIZED', 'who are you', { 'www-authenticate': challenge });
      return true;
    };
    const auth = {
      username: 'me',
      password: 'secret',
      identitytoken: 'refresh-secret',
      registrytoken: 'bearer-secret',
    };
    const registries = { '*': { mirrors: [mirror.origin, other.origin], fallback: true } };
    await pull(registries, `${registry.domain}/thing:latest`, { auth });
    expect(asked(mirror, /token/)).toBeGreaterThan(0);
    for (const { headers, body, url } of [...mirror.seen, ...other.seen]) {
      expect(headers.authorization ?? '').not.toMatch(/secret|bWU6c2VjcmV0/);
      expect(body + url).not.toContain('secret');
    }
  });

  it('are the only places where the registry is not to be asked', async () => {
    publish(registry, 'thing', 'latest', image());
    const pulling = pull({ [registry.domain]: only(mirror.origin, false) }, `${registry.domain}/thing:latest`);
    await expect(pulling).rejects.toMatchObject({
      code: 'not-found',
      hint: `The setting "registries" allows images of ${registry.domain} from its mirrors only: ${mirror.origin}.`,
    });
    expect(registry.seen).toEqual([]);
  });
});

describe('content that a mirror swaps', () => {
  const swapped = (made: MadeImage) => {
    const evil = image();
    for (const key of [`thing@${made.digest}`])
      mirror.manifests.set(key, { mediaType: evil.mediaType, bytes: evil.bytes });
    return evil;
  };

  it('is refused when the digest was asked for', async () => {
    const made = image();
    publish(registry, 'thing', 'latest', made);
    swapped(made);
    const name = `${registry.domain}/thing@${made.digest}`;
    const { id, explained } = await pull({ '*': only(mirror.origin) }, name);
    expect(id).toBe(made.configDigest);
    expect(explained?.sources[0]?.error).toContain('manifest verification failed');
  });

  it('is refused below a digest: of layers, configurations and manifests of an index', async () => {
    const made = image(300_000);
    for (const one of [registry, mirror]) publish(one, 'thing', 'latest', made);
    mirror.blobs.set(made.layerDigests[0]!, Buffer.from(image(300_000).blobs.values().toArray()[1]!));
    const { id, explained } = await pull({ '*': only(mirror.origin) }, `${registry.domain}/thing:latest`);
    expect(id).toBe(made.configDigest);
    expect(explained?.sources).toMatchObject([
      { error: expect.stringMatching(/invalid|verification/) },
      { kind: 'registry' },
    ]);
  });

  it('of a mirror that breaks off, what came is not fetched again', async () => {
    const made = image(2_000_000);
    for (const one of [registry, mirror]) publish(one, 'thing', 'latest', made);
    const layer = made.layerDigests[0]!;
    const bytes = made.blobs.get(layer)!;
    let gone = false;
    mirror.intercept = (request, response) => {
      if (!request.url?.endsWith(layer)) return false;
      if (gone) {
        fail(response, 404, 'BLOB_UNKNOWN', 'blob unknown to registry');
        return true;
      }
      gone = true;
      response.writeHead(200, { 'content-length': bytes.length });
      response.write(bytes.subarray(0, 1_500_000), () => setTimeout(() => response.destroy(), 50));
      return true;
    };
    const { explained } = await pull({ '*': only(mirror.origin) }, `${registry.domain}/thing:latest`);
    const last = explained!.layers[0]!;
    expect(last).toMatchObject({ result: 'resumed', from: registry.origin });
    expect(last.kept).toBeGreaterThan(1_000_000);
    expect(registry.seen.find(({ url }) => url.endsWith(layer))?.headers.range).toBe(
      `bytes=${last.kept}-${bytes.length - 1}`,
    );
  });
});

describe('pauses', () => {
  it('that a registry asks for are kept, told and explained', async () => {
    const made = image();
    publish(registry, 'thing', 'latest', made);
    let refusals = 1;
    registry.intercept = (request, response) => {
      if (!request.url?.endsWith(made.layerDigests[0]!) || refusals-- <= 0) return false;
      fail(response, 429, 'TOOMANYREQUESTS', 'slow down', { 'retry-after': '1' });
      return true;
    };
    const began = Date.now();
    const { said, explained } = await pull({}, `${registry.domain}/thing:latest`);
    expect(Date.now() - began).toBeGreaterThanOrEqual(990);
    expect(said).toContainEqual({
      id: made.layerDigests[0]!.slice(7, 19),
      progressDetail: {},
      status: `Retrying in 1 second (${registry.domain} limits requests: 429 Too Many Requests)`,
    });
    expect(explained?.layers).toMatchObject([{ retries: 1 }]);
    expect(explained?.waits).toEqual([
      { digest: made.layerDigests[0], host: registry.domain, reason: '429 Too Many Requests', milliseconds: 1000 },
    ]);
  });
});

it('the flag --registry HOST=URL, once for each mirror: what the registry is asked for comes from there', async () => {
  const flags = [mirror, other].flatMap(({ origin }) => ['--registry', `${registry.domain}=${origin}`]);
  await using engine = await startTestEngine({ args: flags });
  const made = image();
  publish(other, 'team/app', 'latest', made);
  const own = image();
  publish(registry, 'own/app', 'latest', own);
  const pull = async (name: string) => {
    expect(await docker(engine, ['pull', `${registry.domain}/${name}`])).toMatchObject({ code: 0 });
    return (await docker(engine, ['image', 'inspect', '-f', '{{.Id}}', `${registry.domain}/${name}`])).stdout.trim();
  };
  expect(await pull('team/app')).toBe(made.configDigest);
  expect(asked(mirror, /team\/app\/manifests/)).toBeGreaterThan(0);
  expect(asked(registry, /team\/app/)).toBe(0);
  // Mirrors that are told by flag are followed by the registry itself.
  expect(await pull('own/app')).toBe(own.configDigest);
  const info = (await engine.request('GET', '/info')).json<{
    RegistryConfig: { IndexConfigs: Record<string, { Mirrors: string[] }> };
  }>();
  expect(info.RegistryConfig.IndexConfigs[registry.domain]?.Mirrors).toEqual([`${mirror.origin}/`, `${other.origin}/`]);
});

it('mirrors are taken over by a reload, and shown by info', async () => {
  await using engine = await startTestEngine({ config: { 'registry-mirrors': [] } });
  const made = image();
  publish(mirror, 'library/thing', 'latest', made);
  publish(mirror, 'team/app', 'latest', made);
  const file = path.join(engine.root, 'daemon.json');
  const registries = {
    'docker.io': { mirrors: [mirror.origin], fallback: false },
    'registry.invalid': { mirrors: [`${mirror.origin}/`], fallback: false },
  };
  writeFileSync(file, JSON.stringify({ registries }));
  process.kill(engine.pid, 'SIGHUP');
  const info = async () =>
    (await engine.request('GET', '/info')).json<{
      RegistryConfig: { Mirrors: string[]; IndexConfigs: Record<string, { Mirrors: string[] }> };
    }>().RegistryConfig;
  await expect.poll(info).toMatchObject({
    Mirrors: [`${mirror.origin}/`],
    IndexConfigs: { 'registry.invalid': { Mirrors: [`${mirror.origin}/`], Secure: true, Official: false } },
  });
  expect(await docker(engine, ['pull', 'thing'])).toMatchObject({ code: 0 });
  expect(await docker(engine, ['pull', 'registry.invalid/team/app'])).toMatchObject({ code: 0 });
  expect((await docker(engine, ['images', '--format', '{{.Repository}}'])).stdout.trim().split('\n').sort()).toEqual([
    'registry.invalid/team/app',
    'thing',
  ]);
});
