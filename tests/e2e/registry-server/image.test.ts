import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';

const CLIENT = path.resolve(import.meta.dirname, '../../../apps/cli/main.ts');
/** alice: opensesame */
const HTPASSWD = `alice:$2y$05$abcdefghijklmnopqrstuuQbLfdQZSxZ9gjhA5V9o8Tyc6aQRO0Qi\n`;

let folder: string;
let engine: TestEngine;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'berth-registry-image-'));
  engine = await startTestEngine();
  const archive = path.join(folder, 'image.tar');
  writeFileSync(archive, dockerArchive([busyboxImage(['app:latest'])]));
  docker('load', '-i', archive);
  execFileSync(process.execPath, [CLIENT, 'image', 'starter', 'registry'], { env: env(), encoding: 'utf8' });
});
afterEach(() => {
  docker('rm', '-f', 'registry');
});
afterAll(async () => {
  docker('volume', 'rm', '-f', 'data');
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

function env(): NodeJS.ProcessEnv {
  return {
    ...process.env,
    DOCKER_HOST: engine.host,
    BERTH_HOST: engine.host,
    DOCKER_CONFIG: path.join(folder, 'docker'),
  };
}

function docker(...args: string[]): string {
  return execFileSync('docker', args, { encoding: 'utf8', env: env(), stdio: ['ignore', 'pipe', 'pipe'] });
}

/** Starts it as tutorials do; resolves to where it is, when it answers. */
async function run(...options: string[]): Promise<string> {
  docker('run', '-d', '-p', '127.0.0.1::5000', '--name', 'registry', ...options, 'registry:2');
  const address = docker('port', 'registry', '5000/tcp').trim();
  const status = () =>
    fetch(`http://${address}/v2/`).then(
      ({ status }) => status,
      () => 0,
    );
  await expect.poll(status, { timeout: 30_000, message: docker('logs', 'registry') }).toBeGreaterThan(0);
  return address;
}

test('says what it is', () => {
  const labels = JSON.parse(docker('inspect', '-f', '{{json .Config.Labels}}', 'registry:latest')) as Record<
    string,
    string
  >;
  expect(labels).toMatchObject({ 'io.berth.starter': 'true' });
  expect(labels['org.opencontainers.image.description']).toContain('Not the registry image of Docker Hub');
  expect(docker('inspect', '-f', '{{json .Config.Volumes}} {{json .Config.ExposedPorts}}', 'registry:2').trim()).toBe(
    '{"/var/lib/registry":{}} {"5000/tcp":{}}',
  );
});

test('run, push, pull; content outlives the container in its volume', async () => {
  const first = await run('-v', 'data:/var/lib/registry');
  docker('tag', 'app', `${first}/my/app:1`);
  expect(docker('push', `${first}/my/app:1`)).toMatch(/1: digest: sha256:/);
  docker('rmi', `${first}/my/app:1`);
  docker('stop', 'registry');
  expect(docker('inspect', '-f', '{{.State.ExitCode}}', 'registry').trim()).toBe('0');
  docker('rm', 'registry');
  const second = await run('-v', 'data:/var/lib/registry', '--restart=always');
  expect(docker('pull', `${second}/my/app:1`)).toContain('Downloaded newer image');
  expect(docker('run', '--rm', `${second}/my/app:1`, 'echo', 'hello').trim()).toBe('hello');
  expect(docker('exec', 'registry', 'ls', '/var/lib/registry')).toContain('blobs');
  expect(docker('exec', 'registry', 'berth-registry', 'gc', '--environment')).toMatch(/^Looked at 1 manifest in /);
  expect(docker('run', '--rm', 'registry:2', '--help')).toMatch(/^Usage: {2}berth-registry COMMAND/);
});

test('users by the variables of Docker’s registry; a variable that means nothing ends it', async () => {
  writeFileSync(path.join(folder, 'htpasswd'), HTPASSWD);
  const auth = [
    '-e',
    'REGISTRY_AUTH=htpasswd',
    '-e',
    'REGISTRY_AUTH_HTPASSWD_REALM=Registry Realm',
    '-e',
    'REGISTRY_AUTH_HTPASSWD_PATH=/auth/htpasswd',
  ];
  const address = await run('-v', `${folder}:/auth:ro`, ...auth);
  const ask = async (headers: Record<string, string>) => {
    const response = await fetch(`http://${address}/v2/`, { headers });
    return [response.status, response.headers.get('www-authenticate')];
  };
  expect(await ask({})).toEqual([401, 'Basic realm="Registry Realm"']);
  expect(await ask({ authorization: `Basic ${Buffer.from('alice:opensesame').toString('base64')}` })).toEqual([
    200,
    null,
  ]);
  const refused = spawnSync('docker', ['run', '--rm', '-e', 'REGISTRY_REDIS_ADDR=x', 'registry:2'], {
    env: env(),
    encoding: 'utf8',
  });
  expect([refused.status, refused.stderr]).toEqual([
    1,
    expect.stringContaining('the variable REGISTRY_REDIS_ADDR is not known'),
  ]);
});
