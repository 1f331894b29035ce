import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import http from 'node:http';
import { encodeTarHeader } from '@berth/oci';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { type Containers, eventually, startContainers } from '../../support/containers.ts';
import { tar } from '../../support/tar.ts';

let containers: Containers;
beforeAll(async () => {
  containers = await startContainers();
});
afterAll(() => containers?.engine.stop());

const at = (id: string, path: string) => `/containers/${id}/archive?path=${encodeURIComponent(path)}`;

/** A request that is sent or read only in part. */
function begin(method: string, path: string): { request: http.ClientRequest; answer: Promise<http.IncomingMessage> } {
  const request = http.request({ socketPath: containers.engine.socket, method, path });
  const answer = new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once('response', resolve);
    request.once('error', reject);
  });
  answer.catch(() => undefined);
  return { request, answer };
}

/** A stopped container that is having a file copied in; `size` bytes are promised, a part is sent. */
async function copyingIn(id: string): Promise<http.ClientRequest> {
  const { request } = begin('PUT', at(id, '/'));
  request.on('error', () => undefined);
  request.write(encodeTarHeader({ name: 'big', type: 'file', size: 100_000_000 }));
  request.write(Buffer.alloc(1_000_000, 1));
  await eventually(() => {
    const { dataRoot } = containers.engine;
    expect(readdirSync(`${dataRoot}/containers/${id}/upper`)).toContain('big');
  });
  return request;
}

/** Mount namespaces that the engine's threads are in, besides its own. */
function foreignNamespaces(): string[] {
  const { pid } = containers.engine;
  const own = readlinkSync(`/proc/${pid}/ns/mnt`);
  return readdirSync(`/proc/${pid}/task`)
    .map((thread) => {
      try {
        return readlinkSync(`/proc/${pid}/task/${thread}/ns/mnt`);
      } catch {
        return own; // ended meanwhile
      }
    })
    .filter((namespace) => namespace !== own);
}

test('an engine that is killed while files are copied in leaves nothing mounted, and the container starts', async () => {
  const id = await containers.create(['sh', '-c', 'echo up; exec sleep 1000']);
  const request = await copyingIn(id);
  expect(foreignNamespaces()).toHaveLength(1);
  await containers.engine.kill();
  request.destroy();
  expect(readFileSync('/proc/self/mountinfo', 'utf8')).not.toContain(id);
  await containers.engine.start();
  await containers.start(id);
  expect((await containers.inspect(id)).State.Running).toBe(true);
  const out = await containers.ask('GET', at(id, '/etc/passwd'));
  expect(out.body.length).toBeGreaterThan(1000);
  await containers.remove(id);
});

test('a client that goes away while it copies in lets the container go', async () => {
  const id = await containers.create(['sleep', '1000']);
  const request = await copyingIn(id);
  request.destroy();
  await containers.start(id);
  await eventually(() => expect(foreignNamespaces()).toEqual([]));
  await containers.remove(id);
});

test('a slow reader holds neither the container nor its removal, and all is let go of when it goes away', async () => {
  const id = await containers.create(['sleep', '1000']);
  await containers.engine.request('PUT', at(id, '/'), {
    body: tar([{ path: 'big', content: Buffer.alloc(20_000_000, 7) }]),
  });
  const { request, answer } = begin('GET', at(id, '/big'));
  request.end();
  (await answer).pause();
  await containers.start(id);
  await containers.remove(id);
  expect(foreignNamespaces()).toHaveLength(1);
  request.destroy();
  await eventually(() => expect(foreignNamespaces()).toEqual([]));
});

test('a container that ends while files are copied in ends the copy; it can be started again at once', async () => {
  const id = await containers.begin(['sleep', '1000']);
  const request = await copyingIn(id);
  const answer = new Promise<http.IncomingMessage>((resolve) => request.once('response', resolve));
  await containers.ask('POST', `/containers/${id}/kill`);
  await containers.wait(id);
  expect((await answer).statusCode).toBeGreaterThanOrEqual(400);
  await containers.start(id);
  await containers.remove(id);
});

test('idle workers end, and no descriptor of theirs stays', async () => {
  const id = await containers.create(['true']);
  /** Mount namespaces that the engine has open: two for each worker that has looked into a stopped container. */
  const namespaces = () =>
    readdirSync(`/proc/${containers.engine.pid}/fd`).filter((fd) => {
      try {
        return readlinkSync(`/proc/${containers.engine.pid}/fd/${fd}`).startsWith('mnt:');
      } catch {
        return false;
      }
    }).length;
  await Promise.all(Array.from({ length: 4 }, () => containers.ask('HEAD', at(id, '/etc'))));
  expect(namespaces()).toBeGreaterThan(0);
  await eventually(() => expect(namespaces()).toBe(0));
  await containers.remove(id);
}, 30_000);
