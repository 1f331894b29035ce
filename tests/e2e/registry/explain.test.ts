import { randomBytes } from 'node:crypto';
import http from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { PullExplanation } from '../../../packages/contract/index.ts';
import { docker, run } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { type FakeRegistry, startFakeRegistry } from '../../support/registry-fake.ts';
import { makeImage, publish } from '../../support/registry-images.ts';

const REPOSITORY = path.resolve(import.meta.dirname, '../../..');

describe('pull --explain', () => {
  let engine: TestEngine;
  let registry: FakeRegistry;
  const image = makeImage({
    layers: [[{ path: 'a', content: randomBytes(200_000) }], [{ path: 'b', content: 'b'.repeat(100_000) }]],
  });
  beforeAll(async () => {
    [engine, registry] = await Promise.all([startTestEngine(), startFakeRegistry()]);
    for (const tag of ['one', 'two']) publish(registry, 'thing', tag, image);
    registry.intercept = (request, response) => {
      if (!request.url?.endsWith('/tags/list')) return false;
      response.end('{"name":"thing","tags":["one","two"]}');
      return true;
    };
  });
  afterAll(async () => {
    await engine?.stop();
    await registry?.close();
  });
  const berth = (...args: string[]) =>
    run(path.join(REPOSITORY, 'node_modules/.bin/node'), [path.join(REPOSITORY, 'apps/cli/main.ts'), ...args], {
      env: { DOCKER_HOST: engine.host },
    });
  const short = (digest: string) => digest.slice(7, 19);

  it('shows places, stages and layers below what a pull prints anyway', async () => {
    const name = `${registry.domain}/thing:one`;
    const pulled = await berth('pull', '--explain', name);
    expect(pulled).toMatchObject({ code: 0, stderr: '' });
    const [first, second] = image.layerDigests.map(short);
    expect(pulled.stdout).toMatch(/^one: Pulling from thing\n/);
    expect(pulled.stdout).toContain(`Status: Downloaded newer image for ${name}\n\nImage   ${name}\n`);
    expect(pulled.stdout).toContain(`Asked   registry ${registry.domain}\n`);
    expect(pulled.stdout).toMatch(/^Time +\S+: resolve \S+, layers \S+, register \S+$/m);
    for (const [layer, size] of [[first, '200kB'], [second]] as const) {
      expect(pulled.stdout).toMatch(
        new RegExp(
          `^${layer} +${size === undefined ? '\\S+' : '20\\d(\\.\\d)?kB'} +downloaded +http://${registry.domain}`,
          'm',
        ),
      );
    }
    expect(pulled.stdout.trimEnd().split('\n').at(-1)).toBe(name);
  });

  it('prints JSON and nothing else for programs, an object for each image', async () => {
    const explained = async (...args: string[]): Promise<PullExplanation[]> => {
      const pulled = await berth('pull', '--explain', '--format', 'json', ...args);
      expect(pulled).toMatchObject({ code: 0, stderr: '' });
      return pulled.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as PullExplanation);
    };
    await docker(engine, ['rmi', `${registry.domain}/thing:one`]);
    const all = await explained('-a', `${registry.domain}/thing`);
    expect(all.map(({ reference }) => reference).sort()).toEqual(
      ['one', 'two'].map((tag) => `${registry.domain}/thing:${tag}`),
    );
    const brought = all.find(({ layers }) => layers.length > 0)!;
    expect(brought).toMatchObject({
      digest: image.digest,
      sources: [{ kind: 'registry', name: registry.domain }],
      layers: image.layerDigests.map((digest) => ({
        digest,
        size: image.blobs.get(digest)!.length,
        result: 'downloaded',
        received: image.blobs.get(digest)!.length,
        kept: 0,
        retries: 0,
      })),
      waits: [],
    });
    const { times } = brought;
    expect(times.resolve + times.layers + times.register).toBeLessThanOrEqual(times.total + 3);
    const [again] = await explained(`${registry.domain}/thing:one`);
    expect(again).toMatchObject({ digest: image.digest, layers: [] });
    expect(await berth('pull', '--format', 'json', 'x')).toMatchObject({
      code: 1,
      stderr: '--format is for --explain\n',
    });
  });

  it('is sent to nobody who did not ask, and passed over by docker', async () => {
    const name = `${registry.domain}/thing:one`;
    await docker(engine, ['rmi', name, `${registry.domain}/thing:two`]);
    const plain = await engine.request('POST', `/images/create?fromImage=${registry.domain}/thing&tag=one`);
    expect(plain.text).not.toContain('berth.');
    await docker(engine, ['rmi', name]);
    // A docker client whose engine tells all the same.
    const proxy = http.createServer((request, response) => {
      const asked = (request.url ?? '').replace('/images/create?', '/images/create?explain=1&');
      const { method, headers } = request;
      const onward = http.request({ socketPath: engine.socket, path: asked, method, headers }, (answer) => {
        response.writeHead(answer.statusCode ?? 500, answer.headers);
        answer.on('data', (chunk: Buffer) => told.push(chunk));
        answer.pipe(response);
      });
      request.pipe(onward);
    });
    const told: Buffer[] = [];
    await new Promise<void>((resolve) => proxy.listen(0, '127.0.0.1', resolve));
    try {
      const host = `tcp://127.0.0.1:${(proxy.address() as AddressInfo).port}`;
      const pulled = await docker({ host }, ['pull', name]);
      expect(pulled).toMatchObject({ code: 0, stderr: '' });
      expect(Buffer.concat(told).toString()).toContain('berth.pull.explain');
      expect(pulled.stdout).not.toContain('berth.');
      expect(pulled.stdout.trimEnd().split('\n').slice(-2)).toEqual([
        `Status: Downloaded newer image for ${name}`,
        name,
      ]);
    } finally {
      proxy.closeAllConnections();
      proxy.close();
    }
    await docker(engine, ['rmi', name]);
  });
});
