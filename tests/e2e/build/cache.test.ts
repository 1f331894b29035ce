import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type Client, engineWithBusybox } from '../../support/build-place.ts';
import { clientProgram } from '../../support/client.ts';
import { type CommandResult, run } from '../../support/docker.ts';
import type { TestEngine } from '../../support/engine.ts';
import {
  type DockerRegistry,
  missingRegistryTools,
  REGISTRY_USER,
  startDockerRegistry,
} from '../../support/registry.ts';

let folder: string;
let registry: DockerRegistry;
let one: TestEngine;
let other: TestEngine;

/** Two stages, each with a step whose result is never the same twice. */
const DOCKERFILE = `ARG NOTHING=1
FROM busybox AS made
RUN head -c 300 /dev/urandom | base64 > /made
FROM busybox
WORKDIR /app
COPY file .
RUN head -c 300 /dev/urandom | base64 > random
ENV SEEN=yes
COPY --from=made /made .
RUN cat random made > both
`;

function client(engine: TestEngine, args: string[], name: Client = 'berth'): Promise<CommandResult> {
  const env = { DOCKER_HOST: engine.host, HOME: folder, DOCKER_CONFIG: folder, DOCKER_BUILDKIT: '0' };
  return run(clientProgram(name), args, { cwd: folder, env });
}

const CONTEXT = 'context';

/** Builds it; gives the image's id and what was printed. */
async function build(engine: TestEngine, ...flags: string[]): Promise<{ id: string; text: string }> {
  const iidfile = join(folder, 'iid');
  const result = await client(engine, ['build', '--progress=plain', '--iidfile', iidfile, ...flags, CONTEXT]);
  expect(result.code, result.stdout + result.stderr).toBe(0);
  return { id: readFileSync(iidfile, 'utf8'), text: result.stdout + result.stderr };
}

/** Steps that are no FROM, and how many of them came from a cache. */
function steps(text: string): { all: number; cached: number } {
  const numbers = new Set([...text.matchAll(/^#(\d+) \[(?!internal).*\] (?!FROM)/gm)].map(([, number]) => number));
  const cached = new Set([...text.matchAll(/^#(\d+) CACHED$/gm)].map(([, number]) => number));
  return { all: numbers.size, cached: numbers.intersection(cached).size };
}

const ALL_CACHED = { all: 7, cached: 7 };

describe.skipIf(missingRegistryTools() !== undefined)('a build cache of another engine', () => {
  beforeAll(async () => {
    folder = mkdtempSync(join(tmpdir(), 'berth-build-cache-'));
    mkdirSync(join(folder, CONTEXT));
    writeFileSync(join(folder, CONTEXT, 'Dockerfile'), DOCKERFILE);
    writeFileSync(join(folder, CONTEXT, 'file'), 'of the context\n');
    [registry, one, other] = await Promise.all([startDockerRegistry(), engineWithBusybox(), engineWithBusybox()]);
  });
  afterAll(async () => {
    await Promise.all([one?.stop(), other?.stop(), registry?.close()]);
    rmSync(folder, { recursive: true, force: true });
  });

  it('type=registry,mode=max: every step comes from it, and the image is the same', async () => {
    const ref = `${registry.domain}/cache/max:1`;
    const made = await build(one, '--cache-to', `type=registry,ref=${ref},mode=max`, '-t', 'made');
    expect(steps(made.text)).toEqual({ all: 7, cached: 0 });
    expect(made.text).toContain(`exporting cache to registry ${ref}`);
    const again = await build(other, '--explain', '--cache-from', `type=registry,ref=${ref}`, '-t', 'again');
    expect(again.text).toContain(`the cache ${ref} has it`);
    expect(steps(again.text), again.text).toEqual(ALL_CACHED);
    expect(again.id).toBe(made.id);
    expect((await client(other, ['run', '--rm', 'again', 'sh', '-c', 'cat random made | cmp - both'])).code).toBe(0);
    // It is in the engine's own cache from now on.
    expect(steps((await build(other)).text)).toEqual(ALL_CACHED);
  });

  it('type=registry,mode=min: the steps of the image; what comes from other stages is compared', async () => {
    const ref = `${registry.domain}/cache/min:1`;
    await build(one, '--cache-to', `type=registry,ref=${ref}`);
    await using third = await engineWithBusybox();
    const min = await build(third, '--cache-from', ref);
    // The other stage is done anew, so that what is copied from it is other content.
    expect(steps(min.text), min.text).toEqual({ all: 7, cached: 4 });
  });

  it('type=inline: the image brings its own cache, for berth and for docker build', async () => {
    const name = `${registry.domain}/cache/inline:1`;
    const made = await build(one, '--cache-to', 'type=inline', '-t', name, '--target', 'made', '--push');
    for (const from of [name, `type=registry,ref=${name}`]) {
      await using third = await engineWithBusybox();
      const again = await build(third, '--cache-from', from, '--target', 'made', '--cache-to', 'type=inline');
      expect(steps(again.text), again.text).toEqual({ all: 1, cached: 1 });
      expect(again.id).toBe(made.id);
    }
    await using fourth = await engineWithBusybox();
    const args = ['build', '--target', 'made', '--cache-from', name, CONTEXT];
    const classic = await client(fourth, args, 'docker');
    expect(classic.stdout, classic.stderr).toContain(' ---> Using cache\n');
    // An image that is here is looked at first.
    await using fifth = await engineWithBusybox();
    expect((await client(fifth, ['pull', name])).code).toBe(0);
    await registry.stop();
    try {
      expect(steps((await build(fifth, '--cache-from', name, '--target', 'made')).text)).toEqual({ all: 1, cached: 1 });
    } finally {
      await registry.close();
      registry = await startDockerRegistry();
    }
  });

  it('type=local: a directory of the client, as an OCI layout', async () => {
    const to = 'type=local,dest=kept/cache,mode=max';
    const made = await build(one, '--cache-to', to);
    expect(made.text).toContain('exporting cache to client directory');
    const kept = join(folder, 'kept/cache');
    expect(readdirSync(kept).sort()).toEqual(['blobs', 'index.json', 'oci-layout']);
    // What an older cache left there is not sent.
    writeFileSync(join(kept, 'blobs/sha256/old'), 'old');
    await using third = await engineWithBusybox();
    const again = await build(third, '--cache-from', 'type=local,src=kept/cache', '--cache-to', to);
    expect(steps(again.text), again.text).toEqual(ALL_CACHED);
    expect(again.id).toBe(made.id);
    // The same cache is the same files.
    expect(readdirSync(join(kept, 'blobs/sha256'))).toHaveLength(6 + 2 + 1);
  });

  it('type=local: one that is not there is said; changed blobs and links are not used', async () => {
    const none = await build(one, '--cache-from', 'type=local,src=nowhere');
    expect(none.text).toMatch(/importing cache manifest from nowhere\n#\d+ ERROR: not found: there is no index.json/);
    await build(one, '--cache-to', 'type=local,dest=changed,mode=max');
    const blobs = join(folder, 'changed/blobs/sha256');
    for (const name of readdirSync(blobs)) {
      const path = join(blobs, name);
      const bytes = readFileSync(path);
      if (bytes[0] !== 0x1f) continue; // gzip: a layer
      bytes[bytes.length - 20]! ^= 1;
      writeFileSync(path, bytes);
    }
    await using third = await engineWithBusybox();
    const { text } = await build(third, '--cache-from', 'type=local,src=changed');
    expect(steps(text), text).toEqual({ all: 7, cached: 0 });
    expect(text).toContain('[Warning] the step is not taken from the cache changed: ');
  });

  it('a registry that wants credentials gets those of the client', async () => {
    await using closed = await startDockerRegistry({ auth: true });
    const { username, password } = REGISTRY_USER;
    const to = ['--cache-to', `type=registry,ref=${closed.domain}/cache/closed:1,mode=max`];
    expect((await client(one, ['build', ...to, CONTEXT])).stderr).toMatch(
      /unauthorized|authentication required|no basic auth/i,
    );
    expect((await client(one, ['login', '-u', username, '-p', password, closed.domain])).code).toBe(0);
    const made = await build(one, ...to);
    await using third = await engineWithBusybox();
    const again = await build(third, '--cache-from', `${closed.domain}/cache/closed:1`);
    expect(steps(again.text), again.text).toEqual(ALL_CACHED);
    expect(again.id).toBe(made.id);
  });

  it('cache_to and cache_from of Compose', async () => {
    const ref = `${registry.domain}/cache/compose:1`;
    const cache = { cache_to: [`type=registry,ref=${ref},mode=max`], cache_from: [`type=registry,ref=${ref}`] };
    const file = { name: 'cached', services: { web: { image: 'web', build: { context: CONTEXT, ...cache } } } };
    writeFileSync(join(folder, 'compose.yaml'), JSON.stringify(file));
    await using third = await engineWithBusybox();
    const ids: string[] = [];
    for (const engine of [one, third]) {
      const { code, stdout, stderr } = await client(engine, ['compose', 'build']);
      expect(code, stdout + stderr).toBe(0);
      ids.push((await client(engine, ['image', 'inspect', '-f', '{{.Id}}', 'web'])).stdout);
    }
    expect(ids[0]).toMatch(/^sha256:/);
    expect(ids[1]).toBe(ids[0]);
  });

  it('a source that is missing, or is none, is said and stops nothing', async () => {
    const missing = `${registry.domain}/cache/missing:1`;
    const { text } = await build(other, '--cache-from', missing, '--cache-from', 'busybox');
    expect(text).toMatch(new RegExp(`importing cache manifest from ${missing}\n#\\d+ ERROR: .*(?:unknown|not found)`));
    expect(text).toMatch(/importing cache manifest from busybox\n#\d+ ERROR: it has no build cache of Berth/);
    const classic = await client(other, ['build', '--cache-from', 'busybox', CONTEXT], 'docker');
    expect(classic.stdout).toContain(
      '[Warning] importing cache manifest from busybox: it has no build cache of Berth\n',
    );
  });

  it('a cache that was tampered with is not used, and leaves nothing', async () => {
    const ref = `${registry.domain}/cache/tampered:1`;
    const made = await build(one, '--cache-to', `type=registry,ref=${ref},mode=max`);
    await tamper(ref, (config) => {
      // Each layer is said to be another one.
      config.rootfs.diff_ids.reverse();
    });
    await using third = await engineWithBusybox();
    const first = await build(third, '--cache-from', ref);
    expect(steps(first.text), first.text).toEqual({ all: 7, cached: 0 });
    expect(first.text).toContain(`[Warning] the step is not taken from the cache ${ref}: `);
    expect(first.id).not.toBe(made.id);
    expect((await build(third)).id).toBe(first.id);
  });

  it('records that cannot be right are ignored, the others are used', async () => {
    const ref = `${registry.domain}/cache/broken:1`;
    await build(one, '--cache-to', `type=registry,ref=${ref},mode=max`);
    await tamper(ref, ({ [CACHE_MEMBER]: { steps } }) => {
      steps.unshift(
        { key: '../../x' },
        { ...steps[0]!, layer: `sha256:${'0'.repeat(64)}` },
        { ...steps[0]!, created: 'now' },
      );
      for (const step of steps) if (step.layer === undefined) step.key = 'f'.repeat(64);
    });
    await using third = await engineWithBusybox();
    const { text } = await build(third, '--cache-from', ref);
    expect(text).toContain('3 records of it cannot be right and are ignored');
    // ENV is done here, at another time: what stands on it is too.
    expect(steps(text), text).toEqual({ all: 7, cached: 4 });
  });

  it.each([
    ['type=gha', '--cache-to type=gha is not supported'],
    ['type=nonsense', 'unknown cache exporter: "nonsense"'],
    ['type=registry', 'needs ref=NAME'],
    ['type=local', 'dest required for local'],
    ['type=registry,ref=a/b,mode=some', 'invalid mode'],
    ['type=registry,ref=a/b,compression=zstd', 'compression=… is not supported'],
    ['type=inline,mode=max', 'mode=… is not supported'],
    ['type=registry,ref=a/b,ignore-error=maybe', 'ignore-error=maybe is neither true nor false'],
    ['type=registry,ref=a/b,image-manifest=maybe', 'image-manifest=maybe is neither true nor false'],
    ['type=registry,ref=a/b,image-manifest=false', 'image-manifest=false is not supported'],
  ])('--cache-to %s is refused', async (value, why) => {
    const { code, stderr } = await client(one, ['build', '--cache-to', value, CONTEXT]);
    expect([code, stderr]).toEqual([1, expect.stringContaining(why)]);
  });

  it('an export that fails fails the build, unless it is to be ignored', async () => {
    const to = 'type=registry,ref=127.0.0.1:9/nobody:1';
    expect((await client(one, ['build', '--cache-to', to, CONTEXT])).code).toBe(1);
    const { text } = await build(one, '--cache-to', `${to},ignore-error=true`);
    expect(text).toMatch(/exporting cache to registry 127\.0\.0\.1:9\/nobody:1\n#\d+ ERROR: /);
  });

  it('ARG before FROM is no step of the view', async () => {
    expect((await build(one)).text).not.toContain('ARG NOTHING');
  });
});

const CACHE_MEMBER = 'io.berth.cache.v1';

interface CacheConfig {
  rootfs: { diff_ids: string[] };
  [CACHE_MEMBER]: { steps: { key: string; created?: string; layer?: string }[] };
}

/** Changes the configuration of a cache in the registry. */
async function tamper(ref: string, change: (config: CacheConfig) => void): Promise<void> {
  const [, path, tag] = /^[^/]+\/(.*):(.*)$/.exec(ref)!;
  const base = `http://${registry.domain}/v2/${path}`;
  const type = 'application/vnd.oci.image.manifest.v1+json';
  const found = await fetch(`${base}/manifests/${tag}`, { headers: { accept: type } });
  const manifest = (await found.json()) as { config: { digest: string; size: number } };
  const config = (await (await fetch(`${base}/blobs/${manifest.config.digest}`)).json()) as CacheConfig;
  change(config);
  const bytes = JSON.stringify(config);
  const digest = `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
  const begun = await fetch(`${base}/blobs/uploads/`, { method: 'POST' });
  const at = new URL(begun.headers.get('location')!, base);
  at.searchParams.set('digest', digest);
  const headers = { 'content-type': 'application/octet-stream' };
  expect((await fetch(at, { method: 'PUT', body: bytes, headers })).status).toBe(201);
  manifest.config = { ...manifest.config, digest, size: bytes.length };
  const put = { method: 'PUT', body: JSON.stringify(manifest), headers: { 'content-type': type } };
  expect((await fetch(`${base}/manifests/${tag}`, put)).status).toBe(201);
}
