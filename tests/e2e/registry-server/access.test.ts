import { execFileSync, spawnSync } from 'node:child_process';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Certificates, makeCertificates } from '../../support/certificates.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';
import { type OwnRegistry, type OwnRegistryOptions, startOwnRegistry } from '../../support/own-registry.ts';

/** alice: opensesame; bcrypt by Apache's htpasswd -B. */
const HTPASSWD = `alice:$2y$05$abcdefghijklmnopqrstuuQbLfdQZSxZ9gjhA5V9o8Tyc6aQRO0Qi\n`;
const ALICE = 'alice:opensesame';

let folder: string;
let archive: string;
let certificates: Certificates;
let engine: TestEngine;

beforeAll(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'ra-')); // podman takes no long paths
  writeFileSync(path.join(folder, 'htpasswd'), HTPASSWD);
  archive = path.join(folder, 'image.tar');
  writeFileSync(archive, dockerArchive([busyboxImage(['busybox:latest'])]));
  mkdirSync(path.join(folder, 'tls'));
  certificates = makeCertificates(path.join(folder, 'tls'));
  engine = await startTestEngine();
  run('docker', ['load', '-i', archive]);
});
afterAll(async () => {
  await engine?.stop();
  rmSync(folder, { recursive: true, force: true });
});

const env = () => ({
  ...process.env,
  DOCKER_HOST: engine.host,
  DOCKER_CONFIG: path.join(folder, 'docker'),
  HOME: folder,
});

function run(program: string, args: string[], input?: string): string {
  return execFileSync(program, args, {
    encoding: 'utf8',
    env: env(),
    stdio: ['pipe', 'pipe', 'pipe'],
    input: input ?? '',
  });
}

function fails(program: string, args: string[], input?: string): string {
  const done = spawnSync(program, args, { encoding: 'utf8', env: env(), input: input ?? '' });
  expect(done.status, `${program} ${args.join(' ')} should have failed:\n${done.stdout}`).not.toBe(0);
  return done.stderr + done.stdout;
}

const users = () => ({ htpasswd: path.join(folder, 'htpasswd') });
const rules = [
  { who: ['anonymous'], repositories: ['public/**'], may: ['pull'] },
  { who: ['alice'], may: ['pull', 'push', 'delete'] },
];
const start = (config: object, more: OwnRegistryOptions = {}) => startOwnRegistry({ config, ...more });

describe.each([
  ['passwords with each request', () => ({ access: users() })],
  ['tokens', () => ({ access: { ...users(), mode: 'token' } })],
])('%s', (_, config) => {
  test('docker: login, push, pull, logout', async () => {
    await using registry = await start(config());
    const image = `${registry.domain}/team/app:1`;
    run('docker', ['tag', 'busybox', image]);
    expect(fails('docker', ['push', image])).toMatch(/no basic auth credentials|unauthorized|authentication required/);
    expect(fails('docker', ['login', '-u', 'alice', '--password-stdin', registry.domain], 'wrong')).toMatch(
      /401|unauthorized/i,
    );
    expect(run('docker', ['login', '-u', 'alice', '--password-stdin', registry.domain], 'opensesame')).toContain(
      'Login Succeeded',
    );
    expect(run('docker', ['push', image])).toMatch(/1: digest: sha256:[0-9a-f]{64} size: \d+/);
    run('docker', ['rmi', image]);
    expect(run('docker', ['pull', image])).toContain('Status: Downloaded newer image');
    run('docker', ['logout', registry.domain]);
    run('docker', ['rmi', image]);
    expect(fails('docker', ['pull', image])).toMatch(/no basic auth credentials|unauthorized|authentication required/);
    expect(registry.output()).not.toMatch(/opensesame|Bearer ey/);
  });

  test('skopeo: copy, inspect, list, delete', async () => {
    await using registry = await start(config());
    const image = `docker://${registry.domain}/team/app:1`;
    const plain = ['--dest-tls-verify=false', '--dest-creds', ALICE];
    run('skopeo', ['copy', ...plain, `docker-archive:${archive}`, image]);
    expect(fails('skopeo', ['inspect', '--no-creds', '--tls-verify=false', image])).toMatch(
      /unauthorized|authentication required/i,
    );
    expect(fails('skopeo', ['inspect', '--creds', 'alice:x', '--tls-verify=false', image])).toMatch(
      /unauthorized|authentication required|invalid username/i,
    );
    expect(run('skopeo', ['inspect', '--creds', ALICE, '--tls-verify=false', image])).toContain('"RepoTags"');
    run('skopeo', ['delete', '--creds', ALICE, '--tls-verify=false', image]);
    expect(fails('skopeo', ['inspect', '--creds', ALICE, '--tls-verify=false', image])).toMatch(
      /manifest unknown|no manifest/i,
    );
  });

  test('podman: login, push, pull', async ({ skip }) => {
    const found = spawnSync('podman', ['--version']).status === 0;
    skip(!found, 'podman is not on this machine');
    await using registry = await start(config());
    const storage = [
      '--root',
      path.join(folder, 'podman'),
      '--runroot',
      path.join(folder, 'podman-run'),
      '--storage-driver',
      'vfs',
    ];
    const podman = (args: string[], input?: string) => run('podman', [...storage, ...args], input);
    expect(
      podman(['login', '--tls-verify=false', '-u', 'alice', '--password-stdin', registry.domain], 'opensesame'),
    ).toContain('Login Succeeded');
    podman(['load', '-i', archive]);
    podman(['push', '--tls-verify=false', 'localhost/busybox:latest', `${registry.domain}/team/app:1`]);
    podman(['pull', '--tls-verify=false', `${registry.domain}/team/app:1`]);
    podman(['logout', registry.domain]);
    expect(fails('podman', [...storage, 'pull', '--tls-verify=false', `${registry.domain}/team/app:1`])).toMatch(
      /unauthorized|authentication required/,
    );
    podman(['rmi', '-a', '-f']);
  });
});

describe('rules', () => {
  test('anybody pulls what is public, and nothing else; users push', async () => {
    await using registry = await start({ access: { ...users(), rules } });
    for (const name of ['public/app', 'private/app'])
      run('skopeo', [
        'copy',
        '--dest-tls-verify=false',
        '--dest-creds',
        ALICE,
        `docker-archive:${archive}`,
        `docker://${registry.domain}/${name}:1`,
      ]);
    expect(run('docker', ['pull', `${registry.domain}/public/app:1`])).toContain('Downloaded newer image');
    expect(fails('docker', ['pull', `${registry.domain}/private/app:1`])).toMatch(
      /unauthorized|denied|authentication required/,
    );
    expect(fails('docker', ['push', `${registry.domain}/public/app:1`])).toMatch(
      /unauthorized|denied|authentication required/,
    );
    expect(
      run('skopeo', ['inspect', '--no-creds', '--tls-verify=false', `docker://${registry.domain}/public/app:1`]),
    ).toContain('RepoTags');
    expect(await catalog(registry, ALICE)).toEqual(['private/app', 'public/app']);
  });

  test('attack 38: a blob is not mounted from where one may not pull', async () => {
    const strict = [
      { who: ['alice'], repositories: ['mine/**'], may: ['pull', 'push'] },
      { who: ['anonymous'], repositories: ['lent/**'], may: ['pull'] },
    ];
    await using registry = await start({ access: users() });
    for (const name of ['secret/app', 'lent/app'])
      run('skopeo', [
        'copy',
        '--dest-tls-verify=false',
        '--dest-creds',
        ALICE,
        `docker-archive:${archive}`,
        `docker://${registry.domain}/${name}:1`,
      ]);
    const { layers } = JSON.parse(
      run('skopeo', [
        'inspect',
        '--raw',
        '--creds',
        ALICE,
        '--tls-verify=false',
        `docker://${registry.domain}/secret/app:1`,
      ]),
    ) as { layers: { digest: string }[] };
    const digest = layers[0]!.digest;
    await registry.stop();
    await using again = await start({ access: { ...users(), rules: strict } }, { root: registry.root });
    const mount = async (from: string | undefined, wanted = digest) => {
      const query = `mount=${wanted}${from === undefined ? '' : `&from=${from}`}`;
      const response = await fetch(`http://${again.domain}/v2/mine/app/blobs/uploads/?${query}`, {
        method: 'POST',
        headers: basic(ALICE),
      });
      return { status: response.status, range: response.headers.get('range'), body: await response.text() };
    };
    const absent = `sha256:${'0'.repeat(64)}`;
    // What may not be seen is answered as what is not there.
    const unseen = await mount('secret/app');
    expect(unseen).toEqual(await mount('secret/app', absent));
    expect(unseen).toEqual(await mount('no/such/repository'));
    expect(unseen).toMatchObject({ status: 202, body: '' });
    const head = await fetch(`http://${again.domain}/v2/mine/app/blobs/${digest}`, {
      method: 'HEAD',
      headers: basic(ALICE),
    });
    expect(head.status).toBe(404);
    expect((await mount('lent/app')).status).toBe(201);
  });
});

test('tokens of another token service: docker and skopeo go where the challenge sends them', async () => {
  await using service = await start({ access: { ...users(), mode: 'token', service: 'both' } });
  const keys = path.join(folder, 'public.pem');
  run('openssl', ['pkey', '-in', path.join(service.root, 'token.key'), '-pubout', '-out', keys]);
  const issuer = { realm: `http://${service.domain}/token`, service: 'both', issuer: 'berth-registry', keys };
  await using registry = await start({ access: { issuer } });
  const image = `${registry.domain}/team/app:1`;
  run('docker', ['tag', 'busybox', image]);
  expect(fails('docker', ['push', image])).toMatch(/unauthorized|authentication required|no basic auth/);
  run('docker', ['login', '-u', 'alice', '--password-stdin', registry.domain], 'opensesame');
  expect(run('docker', ['push', image])).toMatch(/1: digest: sha256:/);
  expect(run('skopeo', ['inspect', '--creds', ALICE, '--tls-verify=false', `docker://${image}`])).toContain('RepoTags');
  expect(fails('skopeo', ['inspect', '--no-creds', '--tls-verify=false', `docker://${image}`])).toMatch(
    /unauthorized|authentication required/i,
  );
  run('docker', ['logout', registry.domain]);
});

test('berth registry htpasswd: a user is there, has another password and is gone, while the registry serves', async () => {
  const file = path.join(folder, 'users');
  writeFileSync(file, `# ours\n${HTPASSWD}`);
  await using registry = await start({ access: { htpasswd: file } });
  const client = path.resolve(import.meta.dirname, '../../../apps/cli/main.ts');
  const htpasswd = (words: string[], input?: string) =>
    run(process.execPath, [client, 'registry', 'htpasswd', ...words], input);
  const status = async (login: string) =>
    (await fetch(`http://${registry.domain}/v2/`, { headers: basic(login) })).status;
  const to = ['--file', file];
  htpasswd(['--user', 'bob', ...to], 'first\n');
  expect([await status('bob:first'), await status(ALICE)]).toEqual([200, 200]);
  htpasswd(['--user', 'bob', ...to], 'second');
  expect([await status('bob:first'), await status('bob:second')]).toEqual([401, 200]);
  htpasswd(['--user', 'bob', '--remove', ...to]);
  expect([await status('bob:second'), await status(ALICE)]).toEqual([401, 200]);
  expect(readFileSync(file, 'utf8')).toBe(`# ours\n${HTPASSWD}`);
  expect(htpasswd(['--user', 'carol'], 'x')).toMatch(/^carol:\$2b\$10\$/);
  const refused = (words: string[], input = 'x') =>
    fails(process.execPath, [client, 'registry', 'htpasswd', ...words], input);
  expect(refused([])).toContain('say whose password it is');
  expect(refused(['--user', 'a:b'])).toContain('without colons');
  expect(refused(['--user', 'bob'], '')).toContain('1 to 72 bytes');
  expect(refused(['--user', 'bob', '--remove', ...to])).toContain('there is no user bob');
});

test('over TLS, with the client that checks it', async () => {
  const { ca, serverCert: certificate, serverKey: key } = certificates;
  await using registry = await start({ access: { ...users(), mode: 'token' }, tls: { certificate, key } });
  const trust = path.join(folder, 'trust');
  mkdirSync(trust);
  writeFileSync(path.join(trust, 'ca.crt'), readFileSync(ca));
  const image = `docker://${registry.domain}/team/app:1`;
  expect(fails('skopeo', ['copy', '--dest-creds', ALICE, `docker-archive:${archive}`, image])).toMatch(/certificate/);
  run('skopeo', ['copy', '--dest-cert-dir', trust, '--dest-creds', ALICE, `docker-archive:${archive}`, image]);
  expect(run('docker', ['login', '-u', 'alice', '--password-stdin', registry.domain], 'opensesame')).toContain(
    'Login Succeeded',
  );
  expect(run('docker', ['pull', `${registry.domain}/team/app:1`])).toContain('Downloaded newer image');
  expect(run('skopeo', ['inspect', '--cert-dir', trust, '--creds', ALICE, image])).toContain('RepoTags');
});

function basic(login: string): { authorization: string } {
  return { authorization: `Basic ${Buffer.from(login).toString('base64')}` };
}

async function catalog(registry: OwnRegistry, login: string): Promise<string[]> {
  const response = await fetch(`http://${registry.domain}/v2/_catalog`, { headers: basic(login) });
  return ((await response.json()) as { repositories: string[] }).repositories;
}
