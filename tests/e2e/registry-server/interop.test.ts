import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { docker } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';
import { type OwnRegistry, startOwnRegistry } from '../../support/own-registry.ts';
import { type DockerRegistry, missingRegistryTools, startDockerRegistry } from '../../support/registry.ts';
import { call } from '../../support/registry-calls.ts';
import { makeImage, writeLayout } from '../../support/registry-images.ts';

const missing = missingRegistryTools('skopeo', 'podman');

describe.skipIf(missing !== undefined)(
  `other programs and our registry${missing === undefined ? '' : ` (${missing})`}`,
  () => {
    let registry: OwnRegistry;
    let theirs: DockerRegistry;
    let folder: string;
    /** Several layers, one of them of some size. */
    const made = makeImage({
      layers: [
        [{ path: 'a', content: 'a'.repeat(3_000_000) }],
        [{ path: 'b', content: 'b' }],
        [{ path: 'c', content: 'c' }],
      ],
      config: { Cmd: ['/a'] },
    });
    const at = (name: string) => path.join(folder, name);
    const run = (program: string, ...args: string[]) =>
      execFileSync(program, args, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'], cwd: folder });
    const skopeo = (...args: string[]) => run('skopeo', '--insecure-policy', ...args);
    const copy = (from: string, to: string, ...flags: string[]) =>
      skopeo('copy', '--src-tls-verify=false', '--dest-tls-verify=false', ...flags, from, to);
    const manifest = async (domain: string, name: string, reference: string) => {
      const accept = 'application/vnd.oci.image.manifest.v1+json, application/vnd.oci.image.index.v1+json';
      const answer = await call(`http://${domain}`, 'GET', `/v2/${name}/manifests/${reference}`, {
        headers: { accept: `${accept}, application/vnd.docker.distribution.manifest.v2+json` },
      });
      expect(answer.status, `${name}:${reference}`).toBe(200);
      return answer;
    };

    beforeAll(async () => {
      folder = mkdtempSync(path.join(tmpdir(), 'ri-')); // podman takes no long paths
      writeLayout(at('layout'), '1', made);
      [registry, theirs] = await Promise.all([startOwnRegistry(), startDockerRegistry()]);
    });
    afterAll(async () => {
      await Promise.all([registry?.close(), theirs?.close()]);
      // Podman keeps a mount on its storage.
      spawnSync('umount', [at('podman/root')]);
      spawnSync('umount', ['-R', at('podman')]);
      rmSync(folder, { recursive: true, force: true });
    });

    it('skopeo pushes and pulls, byte for byte', async () => {
      copy(`oci:${at('layout')}:1`, `docker://${registry.domain}/skopeo/app:1`);
      const pushed = await manifest(registry.domain, 'skopeo/app', '1');
      expect(pushed.body.equals(made.bytes)).toBe(true);
      copy(`docker://${registry.domain}/skopeo/app:1`, `oci:${at('back')}:1`);
      const { manifests } = JSON.parse(readFileSync(at('back/index.json'), 'utf8')) as {
        manifests: { digest: string }[];
      };
      expect(manifests.map(({ digest }) => digest)).toEqual([made.digest]);
    });

    it('skopeo converts to schema 2, lists tags, inspects and deletes', async () => {
      copy(`oci:${at('layout')}:1`, `docker://${registry.domain}/skopeo/docker:2`, '--format', 'v2s2');
      const { headers } = await manifest(registry.domain, 'skopeo/docker', '2');
      expect(headers['content-type']).toBe('application/vnd.docker.distribution.manifest.v2+json');
      const name = `docker://${registry.domain}/skopeo/docker`;
      expect(JSON.parse(skopeo('list-tags', '--tls-verify=false', name))).toMatchObject({ Tags: ['2'] });
      const facts: unknown = JSON.parse(skopeo('inspect', '--tls-verify=false', `${name}:2`));
      expect(facts).toMatchObject({ Digest: headers['docker-content-digest'] });
      skopeo('delete', '--tls-verify=false', `${name}:2`);
      expect((await call(`http://${registry.domain}`, 'GET', '/v2/skopeo/docker/manifests/2')).status).toBe(404);
    });

    it('skopeo mounts what another repository has instead of sending it', async () => {
      copy(`oci:${at('layout')}:1`, `docker://${registry.domain}/mount/from:1`);
      const output = spawnSync(
        'skopeo',
        [
          ...['--insecure-policy', '--debug', 'copy', '--src-tls-verify=false', '--dest-tls-verify=false'],
          ...[`docker://${registry.domain}/mount/from:1`, `docker://${registry.domain}/mount/to:1`],
        ],
        { encoding: 'utf8' },
      );
      expect(output.status, output.stderr).toBe(0);
      expect(output.stderr.match(/mount OK/g)).toHaveLength(made.layerDigests.length);
      expect(output.stderr.match(/msg="PATCH http/g)).toHaveLength(1); // the configuration
      expect((await manifest(registry.domain, 'mount/to', '1')).body.equals(made.bytes)).toBe(true);
    });

    it("between Debian's docker-registry and ours, both ways", async () => {
      copy(`oci:${at('layout')}:1`, `docker://${theirs.domain}/from/them:1`);
      copy(`docker://${theirs.domain}/from/them:1`, `docker://${registry.domain}/from/them:1`);
      copy(`docker://${registry.domain}/from/them:1`, `docker://${theirs.domain}/and/back:1`);
      const there = await manifest(theirs.domain, 'and/back', '1');
      const here = await manifest(registry.domain, 'from/them', '1');
      expect(here.body.equals(there.body)).toBe(true);
      expect(here.headers['docker-content-digest']).toBe(there.headers['docker-content-digest']);
      expect(here.headers['content-type']).toBe(there.headers['content-type']);
      expect(here.headers.etag).toBe(there.headers.etag);
    });

    it('podman pushes, pulls and runs over lists', async () => {
      const podman = (...args: string[]) =>
        run('podman', '--root', at('podman/root'), '--runroot', at('podman/run'), '--storage-driver', 'vfs', ...args);
      skopeo('copy', `oci:${at('layout')}:1`, `docker-archive:${at('for-podman.tar')}:example.org/app:1`);
      podman('load', '-q', '-i', at('for-podman.tar'));
      const name = `${registry.domain}/podman/app`;
      podman('push', '-q', '--tls-verify=false', 'example.org/app:1', `${name}:1`);
      podman('push', '-q', '--tls-verify=false', '--compression-format', 'zstd', 'example.org/app:1', `${name}:zstd`);
      const before = podman('inspect', '-f', '{{.Id}}', 'example.org/app:1');
      podman('rmi', '-f', '--all');
      podman('pull', '-q', '--tls-verify=false', `${name}:zstd`);
      expect(podman('inspect', '-f', '{{.Id}}', `${name}:zstd`)).toBe(before);
      // A list, which podman pushes with all that is in it.
      podman('manifest', 'create', 'list');
      podman('manifest', 'add', '--tls-verify=false', 'list', `docker://${name}:1`);
      podman('manifest', 'push', '-q', '--tls-verify=false', '--all', 'list', `docker://${name}:list`);
      const list = (await manifest(registry.domain, 'podman/app', 'list')).json() as { manifests: object[] };
      expect(list.manifests).toHaveLength(1);
    });

    describe('with an engine', () => {
      let engine: TestEngine;
      const ok = async (...args: string[]) => {
        const result = await docker(engine, args, { env: { DOCKER_CONFIG: at('docker-config') } });
        expect(result, `docker ${args.join(' ')}`).toMatchObject({ code: 0 });
        return result.stdout;
      };
      beforeAll(async () => {
        engine = await startTestEngine();
        const archive = dockerArchive([busyboxImage(['source:v1'])]);
        expect(await docker(engine, ['load'], { input: archive })).toMatchObject({ code: 0 });
      });
      afterAll(() => engine?.stop());

      it('docker pushes, forgets, pulls and runs', async () => {
        const name = `${registry.domain}/docker/busybox:v1`;
        await ok('tag', 'source:v1', name);
        const digest = /v1: digest: (sha256:[0-9a-f]{64}) size: \d+/.exec(await ok('push', name))?.[1];
        expect(await ok('push', name)).toContain('Layer already exists');
        await ok('rmi', name);
        const pulled = await ok('pull', name);
        expect(pulled).toContain(`Digest: ${digest}`);
        expect(await ok('run', '--rm', '--network', 'none', name, 'echo', 'hello')).toBe('hello\n');
      });

      it('docker mounts a layer that another repository of the registry has', async () => {
        const [one, two] = [`${registry.domain}/docker/one:1`, `${registry.domain}/docker/two:1`];
        for (const name of [one, two]) await ok('tag', 'source:v1', name);
        await ok('push', one);
        expect(await ok('push', two)).toMatch(/Mounted from docker\/(one|busybox)|Layer already exists/);
      });

      it('docker pulls what skopeo and podman pushed', async () => {
        for (const name of ['skopeo/app:1', 'podman/app:zstd', 'podman/app:list'])
          expect(await ok('pull', '-q', `${registry.domain}/${name}`)).toContain(name);
      });
    });

    it('skopeo reads what docker pushed', async () => {
      copy(`docker://${registry.domain}/docker/busybox:v1`, `oci:${at('from-docker')}:1`);
    });
  },
);
