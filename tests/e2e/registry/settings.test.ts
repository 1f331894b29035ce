import { randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineConfig } from '../../../apps/engine/config.ts';
import { type FakeRegistry, fail, startFakeRegistry } from '../../support/registry-fake.ts';
import { makeImage, publish } from '../../support/registry-images.ts';
import { openStore } from './open-store.ts';

let first: FakeRegistry;
let second: FakeRegistry;
beforeEach(async () => {
  [first, second] = [await startFakeRegistry(), await startFakeRegistry()];
});
afterEach(async () => {
  await Promise.all([first.close(), second.close()]);
});

const image = () => makeImage({ layers: [[{ path: 'file', content: randomBytes(1000) }]] });
const layers = (count: number) =>
  makeImage({ layers: Array.from({ length: count }, (_, n) => [{ path: `f${n}`, content: randomBytes(1000) }]) });
const withStore = async (
  settings: Partial<EngineConfig>,
  work: (store: Awaited<ReturnType<typeof openStore>>) => Promise<void>,
) => {
  await using store = await openStore(settings);
  await work(store);
};

describe('registry-mirrors', () => {
  it('are asked for images of Docker Hub', async () => {
    const made = image();
    publish(first, 'library/thing', 'latest', made);
    await withStore({ registryMirrors: [`${first.origin}/`] }, async (store) => {
      const said = await store.pull('thing:latest');
      expect(said.at(-1)?.status).toBe('Status: Downloaded newer image for thing:latest');
      expect(store.images.resolve('docker.io/library/thing:latest').id).toBe(made.configDigest);
    });
  });

  it('one after the other, and do not get the credentials of the Hub', async () => {
    publish(second, 'library/thing', 'latest', image());
    first.intercept = (_request, response) => {
      response.setHeader('WWW-Authenticate', 'Basic realm="mirror"');
      fail(response, 401, 'UNAUTHORIZED', 'who are you');
      return true;
    };
    await withStore({ registryMirrors: [first.origin, second.origin] }, async (store) => {
      await store.pull('thing:latest', { auth: { username: 'me', password: 'secret' } });
      store.images.resolve('thing:latest');
    });
    expect(first.seen.length).toBeGreaterThan(0);
    for (const { headers } of [...first.seen, ...second.seen]) expect(headers.authorization).toBeUndefined();
  });

  it('are not asked for images of other registries', async () => {
    publish(second, 'thing', 'latest', image());
    await withStore({ registryMirrors: [first.origin] }, (store) =>
      store.pull(`${second.domain}/thing:latest`).then(() => {}),
    );
    expect(first.seen).toEqual([]);
  });
});

it('max-concurrent-downloads: so many layers at once', async () => {
  publish(first, 'thing', 'latest', layers(5));
  let [open, most] = [0, 0];
  first.intercept = (request, response) => {
    if (!request.url?.includes('/blobs/')) return false;
    open++;
    most = Math.max(most, open);
    response.on('close', () => open--);
    return false;
  };
  await withStore({ maxConcurrentDownloads: 1 }, (store) => store.pull(`${first.domain}/thing:latest`).then(() => {}));
  expect(most).toBe(1);
});

it('max-download-attempts: so many tries of a download that breaks', async () => {
  const made = image();
  publish(first, 'thing', 'latest', made);
  let tries = 0;
  first.intercept = (request, response) => {
    if (!request.url?.endsWith(made.layerDigests[0]!)) return false;
    tries++;
    response.writeHead(200, { 'Content-Length': made.blobs.get(made.layerDigests[0]!)!.length });
    response.write(made.blobs.get(made.layerDigests[0]!)!.subarray(0, 10), () => response.destroy());
    return true;
  };
  await withStore({ maxDownloadAttempts: 2 }, async (store) => {
    await expect(store.pull(`${first.domain}/thing:latest`)).rejects.toMatchObject({ code: 'unavailable' });
  });
  expect(tries).toBe(2);
});

it('proxies: what is not loopback goes through them, but for no-proxy', async () => {
  const asked: string[] = [];
  const proxy = http.createServer((request, response) => {
    asked.push(request.url ?? '');
    fail(response, 404, 'NAME_UNKNOWN', 'no such thing');
  });
  await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
  proxy.on('connect', (request, socket) => {
    asked.push(request.url ?? '');
    socket.end('HTTP/1.1 502 Bad Gateway\r\n\r\n');
  });
  const url = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
  const settings = {
    ...{ httpProxy: url, httpsProxy: url, noProxy: 'direct.invalid' },
    insecureRegistries: ['plain.invalid:5000', 'direct.invalid:5000'],
  };
  try {
    await withStore(settings, async (store) => {
      await expect(store.pull('plain.invalid:5000/thing:latest')).rejects.toThrow();
      await expect(store.pull('direct.invalid:5000/thing:latest')).rejects.toThrow();
    });
  } finally {
    proxy.close();
  }
  expect(asked).toContain('plain.invalid:5000');
  expect(asked.join(' ')).not.toContain('direct.invalid');
});
