import { randomBytes } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docker } from '../../support/docker.ts';
import { COMPARED_VERSION, dockerMajor } from '../../support/docker-version.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';
import {
  type DockerRegistry,
  missingRegistryTools,
  REGISTRY_USER,
  startDockerRegistry,
} from '../../support/registry.ts';
import { startFakeRegistry } from '../../support/registry-fake.ts';
import { HOST_PLATFORM, makeImage, publish } from '../../support/registry-images.ts';

const missing = missingRegistryTools();

describe.skipIf(missing !== undefined)(
  `the docker command line, with a registry${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let engine: TestEngine;
    let registry: DockerRegistry;
    let closed: DockerRegistry;
    const config = mkdtempSync(path.join(tmpdir(), 'berth-docker-config-'));
    const run = (args: string[], input?: string | Buffer) =>
      docker(engine, args, { env: { DOCKER_CONFIG: config }, ...(input === undefined ? {} : { input }) });
    const ok = async (...args: string[]) => {
      const result = await run(args);
      expect(result, `docker ${args.join(' ')}`).toMatchObject({ code: 0 });
      return result.stdout;
    };

    beforeAll(async () => {
      [engine, registry, closed] = await Promise.all([
        startTestEngine(),
        startDockerRegistry(),
        startDockerRegistry({ auth: true }),
      ]);
      expect(await run(['load'], dockerArchive([busyboxImage(['source:v1'])]))).toMatchObject({ code: 0 });
    });
    afterAll(async () => {
      await Promise.all([engine?.stop(), registry?.close(), closed?.close()]);
      rmSync(config, { recursive: true, force: true });
    });

    it('pushes, forgets, pulls and runs', async () => {
      const name = `${registry.domain}/busybox:v1`;
      await ok('tag', 'source:v1', name);
      const pushed = await ok('push', name);
      expect(pushed).toMatch(/^The push refers to repository \[.*\/busybox\]/);
      const digest = /v1: digest: (sha256:[0-9a-f]{64}) size: \d+/.exec(pushed)?.[1];
      expect(digest).toBeDefined();
      await ok('rmi', name, 'source:v1');
      expect(await ok('images', '-q')).toBe('');

      const pulled = await ok('pull', name);
      expect(pulled).toContain('v1: Pulling from busybox');
      expect(pulled).toMatch(/[0-9a-f]{12}: Pull complete/);
      expect(pulled).toContain(`Digest: ${digest}`);
      expect(pulled).toContain(`Status: Downloaded newer image for ${name}`);
      expect(await ok('pull', name)).toContain(`Status: Image is up to date for ${name}`);
      expect((await ok('pull', '-q', name)).trim()).toBe(name);
      expect(await ok('image', 'inspect', '-f', '{{index .RepoDigests 0}}', name)).toBe(
        `${registry.domain}/busybox@${digest}\n`,
      );
      expect(await ok('run', '--rm', '--network', 'none', name, 'echo', 'hello')).toBe('hello\n');
      await ok('tag', name, 'source:v1');
    });

    it('pulls what `docker run` misses', async () => {
      const name = `${registry.domain}/missing:v1`;
      await ok('tag', 'source:v1', name);
      await ok('push', name);
      await ok('rmi', name);
      const result = await run(['run', '--rm', '--network', 'none', name, 'echo', 'hello']);
      expect(result).toMatchObject({ code: 0, stdout: 'hello\n' });
      expect(result.stderr).toContain(`Unable to find image '${name}' locally`);
      expect(result.stderr).toContain(`Status: Downloaded newer image for ${name}`);
    });

    it.skipIf(dockerMajor() < COMPARED_VERSION)('pushes and pulls all tags, and asks for platforms', async () => {
      const name = `${registry.domain}/many`;
      for (const tag of ['one', 'two']) await ok('tag', 'source:v1', `${name}:${tag}`);
      expect(await ok('push', '-a', name)).toMatch(/one: digest: .*\n[\s\S]*two: digest: /);
      await ok('rmi', `${name}:one`, `${name}:two`);
      await ok('pull', '-a', name);
      expect((await ok('images', '--format', '{{.Tag}}', name)).trim().split('\n').sort()).toEqual(['one', 'two']);
      const platform = `linux/${HOST_PLATFORM.architecture}`;
      await ok('push', '--platform', platform, `${name}:one`);
      await ok('pull', '--platform', platform, `${name}:one`);
      for (const verb of ['push', 'pull']) {
        const refused = await run([verb, '--platform', 'linux/s390x', `${name}:one`]);
        expect(refused).toMatchObject({ code: 1, stderr: expect.stringContaining('platform (linux/s390x)') });
      }
    });

    it('logs in, uses what it knows, logs out', async () => {
      const name = `${closed.domain}/private:v1`;
      const { username, password } = REGISTRY_USER;
      await ok('tag', 'source:v1', name);
      expect(await run(['push', name])).toMatchObject({
        code: 1,
        stderr: expect.stringContaining('unauthorized: authentication required'),
      });
      const login = (secret: string) => run(['login', '-u', username, '--password-stdin', closed.domain], secret);
      expect(await login('wrong')).toMatchObject({ code: 1, stderr: expect.stringMatching(/401 Unauthorized/) });
      expect(await login(password)).toMatchObject({ code: 0, stdout: expect.stringContaining('Login Succeeded') });
      expect(readFileSync(path.join(config, 'config.json'), 'utf8')).toContain(closed.domain);
      await ok('push', name);
      await ok('rmi', name);
      await ok('pull', name);
      await ok('logout', closed.domain);
      expect(await run(['pull', name])).toMatchObject({ code: 1, stderr: expect.stringContaining('unauthorized') });
    });

    it('says what went wrong as Docker does', async () => {
      const absent = `${registry.domain}/busybox:absent`;
      expect(await run(['pull', absent])).toMatchObject({
        code: 1,
        stderr: `Error response from daemon: manifest for ${absent} not found: manifest unknown: manifest unknown\n`,
      });
      const nobody = await run(['pull', '127.0.0.1:1/x']);
      expect(nobody.code).toBe(1);
      expect(nobody.stderr).toContain(
        'Error response from daemon: Get "http://127.0.0.1:1/v2/": dial tcp 127.0.0.1:1: connect: connection refused',
      );
      expect(nobody.stderr).toContain('berth image starter hello-world busybox debian');
      const hub = await run(['search', 'busybox']);
      expect(hub.code === 0 || /Get "https:\/\/index\.docker\.io\/v1\/search/.test(hub.stderr), hub.stderr).toBe(true);
    });

    it('answers with Docker’s status codes', async () => {
      const create = (query: string, headers: Record<string, string> = {}) =>
        engine.request('POST', `/v1.47/images/create?${query}`, { headers });
      const absent = await create(`fromImage=${registry.domain}/absent&tag=v1`);
      expect([absent.status, absent.json()]).toEqual([
        404,
        { message: expect.stringMatching(/^(manifest|repository) for? ?.*not found: /) },
      ]);
      expect((await create('fromImage=UPPER&tag=v1')).status).toBe(400);
      expect((await create(`fromImage=${registry.domain}/x&tag=v1`, { 'X-Registry-Auth': '{}' })).status).toBe(400);
      expect((await create(`fromImage=${registry.domain}/x&tag=v1&platform=a/b/c/d`)).status).toBe(400);
      const inspect = await engine.request('GET', `/v1.47/distribution/${registry.domain}/busybox:v1/json`);
      expect(inspect.json()).toMatchObject({
        Descriptor: { digest: expect.any(String) },
        Platforms: [{ os: 'linux' }],
      });
    });

    it('ends a pull when the client goes away', async () => {
      await using slow = await startFakeRegistry();
      const image = makeImage({ layers: [[{ path: 'file', content: randomBytes(1_000_000) }]] });
      publish(slow, 'slow', 'v1', image);
      const closed = Promise.withResolvers<void>();
      const begun = Promise.withResolvers<void>();
      slow.intercept = (request, response) => {
        if (!request.url?.endsWith(image.layerDigests[0]!)) return false;
        response.writeHead(200);
        response.write('x');
        response.on('close', closed.resolve);
        begun.resolve();
        return true;
      };
      const abort = new AbortController();
      const pulling = engine.request('POST', `/images/create?fromImage=${slow.domain}/slow&tag=v1`, {
        signal: abort.signal,
      });
      await begun.promise;
      abort.abort();
      await expect(pulling).rejects.toThrow();
      await closed.promise;
    });

    it('shows events of pull and push', async () => {
      const since = String(Math.floor(Date.now() / 1000) - 600);
      const events = await ok(
        'events',
        '--since',
        since,
        '--until',
        String(Math.ceil(Date.now() / 1000)),
        '--filter',
        'type=image',
        '--format',
        '{{.Action}}',
      );
      expect(events).toMatch(/^pull$/m);
      expect(events).toMatch(/^push$/m);
    });
  },
);
