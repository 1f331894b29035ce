import { spawn } from 'node:child_process';
import { randomBytes, randomInt } from 'node:crypto';
import { once } from 'node:events';
import { statSync, writeFileSync } from 'node:fs';
import type { ServerResponse } from 'node:http';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docker } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { type FakeRegistry, startFakeRegistry } from '../../support/registry-fake.ts';
import { makeImage, publish } from '../../support/registry-images.ts';

/** Size of the layer; larger by hand. */
const MEGABYTES = Number(process.env['BERTH_TEST_RESUME_MB'] ?? 48);
const CUTS = 10;
const BYTES_PER_MS = 125_000;
const WAYS = ['connection', 'kill', 'client', 'restart'] as const;

describe('an interrupted pull', () => {
  let engine: TestEngine;
  let registry: FakeRegistry;
  beforeAll(async () => {
    [engine, registry] = await Promise.all([startTestEngine(), startFakeRegistry()]);
  });
  afterAll(async () => {
    await engine?.stop();
    await registry?.close();
  });
  const partOf = (digest: string) => path.join(engine.dataRoot, 'ingest', `partial-${digest.slice('sha256:'.length)}`);
  const sizeOf = (file: string) => statSync(file, { throwIfNoEntry: false })?.size ?? 0;

  it(`cut at ${CUTS} random points brings a layer with at most 2 % more bytes than it has`, {
    timeout: 600_000,
  }, async () => {
    const image = makeImage({
      layers: [[{ path: 'big', content: randomBytes(MEGABYTES * 1e6) }]],
      compression: 'none',
    });
    publish(registry, 'big', 'latest', image);
    const digest = image.layerDigests[0]!;
    const bytes = image.blobs.get(digest)!;
    const points = Array.from({ length: CUTS }, () => randomInt(200_000, bytes.length)).sort((a, b) => a - b);
    let sent = 0;
    let reached = Promise.withResolvers<ServerResponse>();
    registry.intercept = (request, response) => {
      if (!request.url?.endsWith(digest)) return false;
      const from = Number(/^bytes=(\d+)-/.exec(request.headers.range ?? '')?.[1] ?? 0);
      response.writeHead(from === 0 ? 200 : 206, {
        'content-length': bytes.length - from,
        ...(from === 0 ? {} : { 'content-range': `bytes ${from}-${bytes.length - 1}/${bytes.length}` }),
      });
      const end = points.find((point) => point > from) ?? bytes.length;
      const began = performance.now();
      const send = (at: number) => {
        if (at >= end) {
          if (end === bytes.length) response.end();
          else reached.resolve(response);
          return;
        }
        const piece = bytes.subarray(at, Math.min(end, at + 64 * 1024));
        response.write(piece, (error) => {
          if (error) return;
          sent += piece.length;
          // As a network of a gigabit would: what the kernel holds of a faster one counts as sent and never arrives.
          const ahead = (at - from) / BYTES_PER_MS - (performance.now() - began);
          setTimeout(send, Math.max(0, ahead), at + piece.length);
        });
      };
      send(from);
      return true;
    };
    const name = `${registry.domain}/big:latest`;
    const pulling = () => {
      const child = spawn('docker', ['pull', '-q', name], { env: { ...process.env, DOCKER_HOST: engine.host } });
      return { child, ended: once(child, 'exit') };
    };
    let client = pulling();
    for (const [n, point] of points.entries()) {
      const response = await reached.promise;
      reached = Promise.withResolvers();
      points[n] = 0; // not again
      const way = WAYS[n % WAYS.length]!;
      if (way === 'connection') {
        response.destroy();
        continue;
      }
      // What the network has brought by now is safe. With little to send every byte that is under way would count.
      if (MEGABYTES < 500) await expect.poll(() => sizeOf(partOf(digest)), { timeout: 20_000 }).toBe(point);
      if (way === 'kill') await engine.kill();
      else if (way === 'restart') await engine.terminate();
      else client.child.kill('SIGINT');
      await client.ended;
      response.destroy();
      if (way !== 'client') await engine.start();
      client = pulling();
    }
    expect(await client.ended).toEqual([0, null]);
    console.info(
      `${bytes.length} bytes arrived with ${sent} sent: ${((sent / bytes.length - 1) * 100).toFixed(2)} % more`,
    );
    expect(sent).toBeGreaterThanOrEqual(bytes.length);
    expect(sent).toBeLessThanOrEqual(bytes.length * 1.02);
    expect((await docker(engine, ['image', 'inspect', '-f', '{{.Id}}', name])).stdout.trim()).toBe(image.configDigest);
    expect(sizeOf(partOf(digest))).toBe(0);
    await docker(engine, ['rmi', name]);
  });

  it('whose part was damaged meanwhile is begun anew', async () => {
    const image = makeImage({ layers: [[{ path: 'file', content: randomBytes(1_000_000) }]], compression: 'none' });
    publish(registry, 'damaged', 'latest', image);
    const digest = image.layerDigests[0]!;
    const bytes = image.blobs.get(digest)!;
    await engine.terminate();
    writeFileSync(partOf(digest), Buffer.concat([bytes.subarray(0, 300_000), randomBytes(300_000)]));
    await engine.start();
    registry.intercept = undefined;
    registry.seen.length = 0;
    const pulled = await docker(engine, ['pull', `${registry.domain}/damaged:latest`]);
    expect(pulled).toMatchObject({ code: 0 });
    const ranges = registry.seen.filter(({ url }) => url.endsWith(digest)).map(({ headers }) => headers.range);
    expect(ranges).toEqual([`bytes=600000-${bytes.length - 1}`, undefined]);
    await docker(engine, ['rmi', `${registry.domain}/damaged:latest`]);
  });

  it('is counted by system df and cleared away by image prune', async () => {
    const image = makeImage({ layers: [[{ path: 'file', content: randomBytes(1_000_000) }]], compression: 'none' });
    await engine.terminate();
    writeFileSync(partOf(image.layerDigests[0]!), randomBytes(500_000));
    await engine.start();
    const used = async () =>
      (await engine.request('GET', '/system/df?type=image')).json<{ LayersSize: number }>().LayersSize;
    expect(await used()).toBe(500_000);
    const kept = await engine.request('POST', `/images/prune?filters=${encodeURIComponent('{"until":["1h"]}')}`);
    expect(kept.json<{ SpaceReclaimed: number }>().SpaceReclaimed).toBe(0);
    const pruned = await engine.request('POST', '/images/prune');
    expect(pruned.json<{ SpaceReclaimed: number }>().SpaceReclaimed).toBe(500_000);
    expect(await used()).toBe(0);
  });
});
