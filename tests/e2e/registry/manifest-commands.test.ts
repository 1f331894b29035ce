import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMPARED_VERSION, dockerMajor } from '../../support/docker-version.ts';
import { type FakeEngine, findDocker, type Outcome, runClient, startFakeEngine } from '../../support/fake-engine.ts';
import {
  type DockerRegistry,
  missingRegistryTools,
  REGISTRY_USER,
  startDockerRegistry,
} from '../../support/registry.ts';
import { type MadeImage, makeImage, makeIndex } from '../../support/registry-images.ts';
import { runBerth } from '../../support/side-by-side.ts';

const amd64 = { os: 'linux', architecture: 'amd64' };
const image = (content: string, platform: MadeImage['platform'], docker = false) =>
  makeImage({ layers: [[{ path: 'file', content }]], platform, docker });
const images: Record<string, MadeImage> = {
  a: image('a', amd64),
  b: image('b', { os: 'linux', architecture: 'arm64', variant: 'v8' }),
  c: image('c', amd64, true),
  d: image('d', { os: 'linux', architecture: 'arm', variant: 'v7' }, true),
};
images.i = makeIndex([images.a!, images.b!]);
images.j = makeIndex([images.c!, images.d!], { docker: true });

const LIST = { headers: { accept: 'application/vnd.oci.image.index.v1+json' } };

const skipped = missingRegistryTools() ?? (dockerMajor() < COMPARED_VERSION ? 'no current docker client' : undefined);

describe.skipIf(skipped !== undefined)("manifest commands beside Docker's client", () => {
  let registry: DockerRegistry;
  let engine: FakeEngine;
  const folders = { docker: '', berth: '' };

  beforeAll(async () => {
    registry = await startDockerRegistry();
    // The commands must not ask an engine for anything.
    engine = await startFakeEngine({});
    for (const [name, made] of Object.entries(images)) await publish(registry.domain, `t/${name}`, made);
    for (const name of ['docker', 'berth'] as const)
      folders[name] = mkdtempSync(path.join(tmpdir(), 'berth-manifest-'));
  });
  afterAll(async () => {
    for (const folder of Object.values(folders)) rmSync(folder, { recursive: true, force: true });
    await engine?.[Symbol.asyncDispose]();
    await registry?.close();
  });

  /** `@x` in a line is the repository `t/x` of the registry. Both clients push into the same repositories, the same bytes. */
  async function both(line: string): Promise<{ docker: Outcome; berth: Outcome }> {
    const args = line
      .split(' ')
      .slice(1)
      .map((word) => word.replace('@', `${registry.domain}/t/`));
    return {
      docker: await runClient(engine, [findDocker() ?? 'docker'], args, { env: { DOCKER_CONFIG: folders.docker } }),
      berth: await runBerth(engine, args, { env: { DOCKER_CONFIG: folders.berth } }),
    };
  }
  const kept = (folder: string) =>
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.parentPath.includes('/manifests/'))
      .map(({ parentPath, name }) => {
        const file = path.join(parentPath, name);
        return [path.relative(folder, file), readFileSync(file, 'utf8')];
      })
      .sort();

  it.each([
    'docker manifest inspect --insecure @a:1',
    'docker manifest inspect --insecure -v @a:1',
    'docker manifest inspect --insecure @c:1',
    'docker manifest inspect --insecure -v @c:1',
    'docker manifest inspect --insecure @i:1',
    'docker manifest inspect --insecure -v @i:1',
    'docker manifest inspect --insecure @j:1',
    'docker manifest inspect --insecure --verbose @j:1',
    'docker manifest inspect --insecure @nope:1',
    'docker manifest inspect NOPE',
    'docker manifest create X y',
    'docker manifest create x Y',
    'docker manifest create --insecure @l:1 @j:1',
    'docker manifest create --insecure @l:1 @a:1 @b:1',
    'docker manifest create --insecure @l:1 @a:1',
    'docker manifest create --insecure -a @l:1 @c:1',
    'docker manifest create --insecure @m:1 @c:1 @d:1 @a:1',
    'docker manifest inspect @l:1',
    'docker manifest inspect -v @l:1',
    'docker manifest inspect @m:1',
    'docker manifest inspect @l:1 @a:1',
    'docker manifest inspect -v @l:1 @c:1',
    'docker manifest inspect @l:1 @nope:1',
    'docker manifest annotate @l:1 @b:1 --os-features x,y --os-features x --variant v9 --os-version 1.2',
    'docker manifest annotate @l:1 @a:1 --os windows --arch 386',
    'docker manifest annotate @l:1 @b:1 --arch nothing',
    'docker manifest annotate @l:1 @nope:1 --arch arm',
    'docker manifest annotate @nope:1 @b:1 --arch arm',
    'docker manifest annotate A @b:1',
    'docker manifest annotate a B',
    'docker manifest push --insecure @nope:1',
    'docker manifest push --insecure @l:1',
    'docker manifest push --insecure -p @m:1',
    'docker manifest inspect --insecure @m:1',
    'docker manifest rm @m:1',
    'docker manifest rm @l:1 X @nope:1',
    'docker manifest inspect --insecure @l:1',
    'docker manifest create --insecure x:y @a:1',
    'docker manifest push x:y',
    'docker manifest inspect x:y',
    'docker manifest rm x:y',
    'docker manifest create a',
    'docker manifest push',
    'docker manifest rm',
    'docker manifest inspect a b c',
  ])('%s', async (line) => {
    const { docker, berth } = await both(line);
    expect(berth).toEqual(docker);
    expect(kept(folders.berth)).toEqual(kept(folders.docker));
    expect(engine.seen).toEqual([]);
  });

  it('--amend adds to a list that is there, --purge forgets it when it is pushed', async () => {
    const ours = () => kept(folders.berth).filter(([file]) => file?.includes('_t_p-1'));
    const run = async (line: string) => {
      const { docker, berth } = await both(line);
      expect(berth).toEqual(docker);
      return berth;
    };
    await run('docker manifest create --insecure @p:1 @a:1');
    expect(ours()).toHaveLength(1);
    expect(await run('docker manifest create --insecure @p:1 @b:1')).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('--amend'),
    });
    expect((await run('docker manifest create --insecure --amend @p:1 @b:1')).code).toBe(0);
    expect(ours()).toHaveLength(2);
    expect((await run('docker manifest push --insecure @p:1')).code).toBe(0);
    expect(ours()).toHaveLength(2);
    expect((await run('docker manifest push --insecure --purge @p:1')).code).toBe(0);
    expect(ours()).toEqual([]);
    const pushed = (await (await fetch(`http://${registry.domain}/v2/t/p/manifests/1`, LIST)).json()) as {
      manifests: { digest: string }[];
    };
    expect(pushed.manifests.map(({ digest }) => digest)).toEqual([images.a!.digest, images.b!.digest]);
  });

  it('takes credentials from config.json, and says so when they are wrong', async () => {
    await using closed = await startDockerRegistry({ auth: true });
    const { username, password } = REGISTRY_USER;
    await publish(closed.domain, 't/a', images.a!, `Basic ${btoa(`${username}:${password}`)}`);
    const config = mkdtempSync(path.join(tmpdir(), 'berth-manifest-'));
    const auths = (secret: string) => ({ auths: { [closed.domain]: { auth: btoa(`${username}:${secret}`) } } });
    const inspect = async (secret: string) => {
      writeFileSync(path.join(config, 'config.json'), JSON.stringify(auths(secret)));
      return runBerth(engine, ['manifest', 'inspect', `${closed.domain}/t/a:1`], { env: { DOCKER_CONFIG: config } });
    };
    try {
      expect(await inspect(password)).toMatchObject({ code: 0, stderr: '' });
      expect(await inspect('wrong')).toMatchObject({
        code: 1,
        stdout: '',
        stderr: expect.stringMatching(/unauthorized/),
      });
    } finally {
      rmSync(config, { recursive: true, force: true });
    }
  });
});

/** Puts an image or an index into a registry, tagged `1`. */
async function publish(domain: string, repository: string, made: MadeImage, authorization = ''): Promise<void> {
  const base = `http://${domain}/v2/${repository}`;
  const headers = authorization === '' ? {} : { authorization };
  const put = async (reference: string, bytes: Buffer, mediaType: string) => {
    const answer = await fetch(`${base}/manifests/${reference}`, {
      method: 'PUT',
      headers: { ...headers, 'content-type': mediaType },
      body: new Uint8Array(bytes),
    });
    expect(answer.status).toBe(201);
  };
  const documents = new Map<string, Buffer>();
  for (const [digest, bytes] of made.blobs) {
    if (bytes.toString('latin1', 0, 18) === '{"schemaVersion":2') {
      documents.set(digest, bytes);
      continue;
    }
    const started = await fetch(`${base}/blobs/uploads/`, { method: 'POST', headers });
    const location = new URL(started.headers.get('location') ?? '', base);
    location.searchParams.set('digest', digest);
    expect((await fetch(location, { method: 'PUT', headers, body: new Uint8Array(bytes) })).status).toBe(201);
  }
  for (const [digest, bytes] of documents) {
    await put(digest, bytes, (JSON.parse(bytes.toString()) as { mediaType: string }).mediaType);
  }
  await put('1', made.bytes, made.mediaType);
}
