import { execFile, execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';
import { startOwnRegistry } from '../../support/own-registry.ts';
import { missingRegistryTools, REGISTRY_USER, startDockerRegistry } from '../../support/registry.ts';
import { type S3Server, startS3Server } from '../../support/s3-server.ts';

let folder: string;
let archive: string;

beforeAll(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'berth-registry-around-'));
  archive = path.join(folder, 'image.tar');
  writeFileSync(archive, dockerArchive([busyboxImage(['app:1'])]));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const skopeo = (...args: string[]) =>
  execFileSync('skopeo', args, {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, HOME: folder },
  });
const push = (to: string, ...flags: string[]) =>
  skopeo('copy', '--dest-tls-verify=false', ...flags, `docker-archive:${archive}`, `docker://${to}`);
/** Pulls into a folder; gives the digest. */
function pull(from: string, ...flags: string[]): string {
  const target = mkdtempSync(path.join(folder, 'pulled-'));
  skopeo('copy', '--src-tls-verify=false', ...flags, `docker://${from}`, `dir:${target}`);
  return skopeo('inspect', '--format', '{{.Digest}}', `dir:${target}`).trim();
}

describe.skipIf(missingRegistryTools('skopeo'))('read through, kept and pushed to', () => {
  let engine: TestEngine | undefined;
  afterEach(async () => {
    await engine?.stop();
    engine = undefined;
  });

  test('a registry with passwords as upstream, also when it is gone; beside what is pushed', async () => {
    await using upstream = await startDockerRegistry({ auth: true });
    const { username, password } = REGISTRY_USER;
    push(`${upstream.domain}/library/app:1`, '--dest-creds', `${username}:${password}`);
    const passwordFile = path.join(folder, 'password');
    writeFileSync(passwordFile, `${password}\n`);
    const upstreams = [{ prefix: 'up.test', url: `http://${upstream.domain}`, username, passwordFile, ttl: '0' }];
    await using cache = await startOwnRegistry({ config: { upstreams } });
    const first = pull(`${cache.domain}/up.test/library/app:1`);
    push(`${cache.domain}/own/app:1`);
    push(`${cache.domain}/up.test/library/pushed:1`);
    await upstream.stop();
    expect(pull(`${cache.domain}/up.test/library/app:1`)).toBe(first);
    expect(pull(`${cache.domain}/up.test/library/app@${first}`)).toBe(first);
    pull(`${cache.domain}/own/app:1`);
    pull(`${cache.domain}/up.test/library/pushed:1`);
    expect(cache.output()).not.toContain(password);
    // What the upstream gave outlives a restart of the cache.
    await cache.stop();
    await using again = await startOwnRegistry({ root: cache.root, config: { upstreams } });
    expect(pull(`${again.domain}/up.test/library/app:1`)).toBe(first);
  });

  test.each(['registry-mirrors', 'registries'])('as a mirror of the hub for an engine, by %s', async (way) => {
    await using upstream = await startDockerRegistry();
    push(`${upstream.domain}/library/app:1`);
    const url = `http://${upstream.domain}`;
    await using cache = await startOwnRegistry({
      config: {
        upstreams: [
          { prefix: '', url },
          { prefix: 'docker.io', url },
        ],
      },
    });
    const mirrors =
      way === 'registry-mirrors'
        ? { 'registry-mirrors': [`http://${cache.domain}`] }
        : { registries: { 'docker.io': { mirrors: [`http://${cache.domain}/{host}`] } } };
    engine = await startTestEngine({ config: mirrors });
    const docker = (...args: string[]) =>
      execFileSync('docker', args, { encoding: 'utf8', env: { ...process.env, DOCKER_HOST: engine?.host ?? '' } });
    expect(docker('pull', 'app:1')).toContain('docker.io/library/app:1');
    await upstream.stop();
    docker('rmi', 'app:1');
    expect(docker('pull', 'app:1')).toContain('Downloaded newer image for app:1');
    docker('rmi', 'app:1');
  });
});

describe.skipIf(missingRegistryTools('skopeo'))('on S3', () => {
  let s3: S3Server;
  beforeAll(async () => {
    s3 = await startS3Server();
  });
  afterAll(() => s3?.close());

  test('pushed, pulled, pulled after kill -9 and a restart, deleted, collected: nothing is left', async () => {
    const { endpoint, bucket, region, accessKeyId, secretAccessKey } = s3;
    const config = {
      storage: { s3: { endpoint, bucket, region, accessKeyId, secretAccessKey, prefix: 'reg', partSize: '256KiB' } },
      gc: { grace: '0' },
    };
    // The S3 server is in this process, which must not stand still meanwhile.
    const run = async (program: string, ...args: string[]) =>
      (await promisify(execFile)(program, args, { env: { ...process.env, HOME: folder } })).stdout;
    const pulled = async (from: string, to: string) => {
      await run('skopeo', 'copy', '--src-tls-verify=false', `docker://${from}`, `dir:${path.join(folder, to)}`);
      return run('skopeo', 'inspect', '--format', '{{.Digest}}', `dir:${path.join(folder, to)}`);
    };
    await using registry = await startOwnRegistry({ config });
    const image = `docker://${registry.domain}/team/app:1`;
    await run('skopeo', 'copy', '--dest-tls-verify=false', `docker-archive:${archive}`, image);
    const digest = await pulled(`${registry.domain}/team/app:1`, 'first');
    await registry.stop('SIGKILL');
    await using again = await startOwnRegistry({ root: registry.root, config });
    expect(await pulled(`${again.domain}/team/app:1`, 'second')).toBe(digest);
    expect(s3.keys().filter((key) => key.startsWith('reg/parts/')).length).toBeGreaterThan(3);
    await run('skopeo', 'delete', '--tls-verify=false', `docker://${again.domain}/team/app:1`);
    const file = path.join(path.dirname(again.root), 'registry.json');
    const program = path.resolve(import.meta.dirname, '../../../apps/registry/main.ts');
    await run(process.execPath, program, 'gc', '--config', file, '--root', again.root);
    expect(s3.keys().filter((key) => !key.endsWith('/health'))).toEqual([]);
    expect(again.output() + registry.output()).not.toContain(secretAccessKey);
  });
});

test('health, figures and one line for each request, without secrets', async () => {
  writeFileSync(path.join(folder, 'htpasswd'), 'alice:$2y$05$abcdefghijklmnopqrstuuQbLfdQZSxZ9gjhA5V9o8Tyc6aQRO0Qi\n');
  const config = {
    access: { htpasswd: path.join(folder, 'htpasswd'), mode: 'token' },
    watch: { listen: '127.0.0.1:0' },
  };
  await using registry = await startOwnRegistry({ config, flags: ['--log-format', 'json'] });
  const watched = /"watched":"([^"]+)"/.exec(registry.output())?.[1];
  const status = async (address: string | undefined, at: string, headers = {}) =>
    (await fetch(`http://${address}${at}`, { headers })).status;
  expect(await status(registry.domain, '/healthz')).toBe(200);
  expect(await status(registry.domain, '/readyz')).toBe(200);
  expect(await status(registry.domain, '/metrics')).toBe(404);
  expect(await status(watched, '/readyz')).toBe(200);
  expect(await status(watched, '/v2/')).toBe(404);
  const authorization = `Basic ${Buffer.from('alice:opensesame').toString('base64')}`;
  const got = await fetch(`http://${registry.domain}/token?service=x&scope=repository:a:pull&account=alice`, {
    headers: { authorization },
  });
  const { token } = (await got.json()) as { token: string };
  expect(
    await status(registry.domain, '/v2/a/tags/list?secret=1', {
      authorization: `Bearer ${token}`,
      'user-agent': 'test "agent"',
    }),
  ).toBe(404);
  expect(await status(registry.domain, '/v2/a/tags/list', { authorization: 'Bearer forged.to.ken' })).toBe(401);
  // Other programs of this machine may ask a port that was theirs before, too.
  const requests = () =>
    registry
      .output()
      .split('\n')
      .filter((line) => line.includes('"msg":"request"'))
      .map((line) => JSON.parse(line) as Record<string, unknown>)
      .filter(({ path: at }) => at === '/token' || at === '/v2/a/tags/list');
  await expect.poll(() => requests().length).toBe(3);
  const lines = requests();
  expect(lines.find(({ endpoint, status }) => endpoint === 'tags.list' && status === 404)).toMatchObject({
    ...{
      method: 'GET',
      path: '/v2/a/tags/list',
      endpoint: 'tags.list',
      repository: 'a',
      status: 404,
      error: 'NAME_UNKNOWN',
    },
    ...{ user: 'alice', agent: 'test "agent"', remote: '127.0.0.1', ms: expect.any(Number), in: expect.any(Number) },
  });
  expect(registry.output()).not.toMatch(/opensesame|secret=1|forged|eyJ|\$2y/);
  const figures = await (await fetch(`http://${watched}/metrics`)).text();
  expect(figures).toContain('berth_registry_requests_total{endpoint="tags.list",code="404"} 1');
});
