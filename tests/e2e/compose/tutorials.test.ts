import { existsSync } from 'node:fs';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { composeOk, type ProjectFolder, projectFolder } from '../../support/compose.ts';
import { docker, run } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { tutorialImages } from '../../support/tutorial-images.ts';
import { FULLSTACK, HELLO, NOTES } from './tutorials.cases.ts';

let engine: TestEngine;
let wget: (port: number, path: string) => Promise<string>;

beforeAll(async () => {
  engine = await startTestEngine();
  await docker(engine, ['load'], { input: tutorialImages() });
  wget = async (port, path) => (await (await fetch(`http://127.0.0.1:${port}/${path}`)).text()).trim();
});
afterAll(() => engine.stop());
// What a test that failed left must not be in the way of the next one.
afterEach(async () => {
  const { stdout } = await docker(engine, ['ps', '-aq']);
  if (stdout !== '') await docker(engine, ['rm', '-fv', ...stdout.trim().split('\n')]);
  await docker(engine, ['network', 'prune', '-f']);
  await docker(engine, ['volume', 'prune', '-af']);
  await docker(engine, [
    'rmi',
    '-f',
    'notes-api:dev',
    'notes-client:dev',
    'notes-router:dev',
    'basicdocker_hello-world',
    'basicdocker-hello-world',
  ]);
});

/** Debian's docker-compose 1.29.2, where it is installed. */
const DEBIAN = '/usr/bin/docker-compose';
type Call = (project: ProjectFolder, ...args: string[]) => Promise<{ stdout: string; stderr: string }>;

const ours: Call = (project, ...args) => composeOk(engine, project, args, { program: 'docker-compose' });
const debian: Call = async (project, ...args) => {
  const env = { DOCKER_HOST: engine.host, COMPOSE_API_VERSION: '1.41', PYTHONWARNINGS: 'ignore' };
  const result = await run(DEBIAN, args, { cwd: project.folder, env });
  if (result.code !== 0) throw new Error(`docker-compose ${args.join(' ')}: ${result.stdout}${result.stderr}`);
  return result;
};

/** Ports of the host may be others' here: any free one will do. */
function free(files: Record<string, string>): Record<string, string> {
  const text = (files['docker-compose.yaml'] ?? '')
    .replace('3000:3000', '127.0.0.1::3000')
    .replace('8080:80', '127.0.0.1::80');
  return { ...files, 'docker-compose.yaml': text };
}

describe.each<[string, Call, boolean]>([
  ['docker-compose of ours', ours, true],
  ["Debian's docker-compose 1.29.2", debian, existsSync(DEBIAN)],
])('the files of the tutorials by %s', (_, call, isThere) => {
  it.skipIf(!isThere)('hello-world and redis', async () => {
    using project = projectFolder(HELLO.name, HELLO.files);
    const { stderr } = await call(project, 'up', '-d');
    expect(stderr).toContain('Creating network "basicdocker_default" with the default driver');
    expect(stderr).toMatch(/Creating basicdocker_redis_1 +\.\.\. done/);
    expect(stderr).toMatch(/Creating basicdocker_hello-world_1 +\.\.\. done/);
    await docker(engine, ['wait', 'basicdocker_hello-world_1']);
    const { stdout } = await call(project, 'ps');
    expect(stdout).toMatch(/^ +Name +Command +State +Ports *\n-+\n/);
    expect(stdout).toMatch(/basicdocker_hello-world_1 +sh -c echo hello world +Exit 0/);
    expect(stdout).toMatch(/basicdocker_redis_1 +docker-entrypoint\.sh redis \.\.\. +Up +6379\/tcp/);
    await expect
      .poll(async () => (await call(project, 'logs', '--no-color')).stdout, { timeout: 30_000 })
      .toMatch(/redis_1 +\| Ready to accept connections/);
    expect((await call(project, 'logs', '--no-color')).stdout).toMatch(/hello-world_1 +\| hello world/);
    await call(project, 'down');
    expect((await docker(engine, ['ps', '-aq'])).stdout).toBe('');
  });

  it.skipIf(!isThere)('notes-api with its database', async () => {
    using project = projectFolder(NOTES.name, free(NOTES.files));
    const { stdout, stderr } = await call(project, '--file', 'docker-compose.yaml', 'up', '--detach');
    expect(stderr).toContain('Creating network "notes-api_default" with the default driver\n');
    expect(stderr).toContain('Creating volume "notes-db-dev-data" with default driver\n');
    expect(stderr).toContain('Building api\n');
    expect(stdout + stderr).toMatch(
      /Step 1\/\d+ : FROM notes-api:base as builder[\s\S]*Successfully built [0-9a-f]{12}\n[\s\S]*Successfully tagged notes-api:dev\n/i,
    );
    expect(stderr).toMatch(/Creating notes-api-dev \.\.\. done/);
    expect(stderr).toMatch(/Creating notes-db-dev {2}\.\.\. done/);
    const listed = await call(project, 'ps');
    expect(listed.stdout).toMatch(/notes-api-dev +docker-entrypoint\.sh sh -c \.\.\. +Up +127\.0\.0\.1:\d+->3000\/tcp/);
    expect(listed.stdout).toMatch(/notes-db-dev +docker-entrypoint\.sh postgres +Up +5432\/tcp/);
    expect((await call(project, 'exec', '-T', 'api', 'npm', 'run', 'db:migrate')).stdout).toContain(
      'Batch 1 run: 1 migrations',
    );
    expect((await call(project, 'logs', '--no-color', 'api')).stdout).toMatch(
      /^Attaching to notes-api-dev\nnotes-api-dev +\| app running -> http:\/\/127\.0\.0\.1:3000\n$/,
    );
    const port = Number((await call(project, 'port', 'api', '3000')).stdout.trim().split(':').at(-1));
    expect(await wget(port, 'app.txt')).toBe('hello from the api');
    const down = await call(project, 'down', '--volumes');
    for (const line of [
      /Stopping notes-api-dev \.\.\. done/,
      /Stopping notes-db-dev {2}\.\.\. done/,
      /Removing notes-api-dev \.\.\. done/,
      /Removing network notes-api_default\n/,
      /Removing volume notes-db-dev-data\n/,
    ])
      expect(down.stderr).toMatch(line);
    expect((await docker(engine, ['volume', 'ls', '-q'])).stdout).toBe('');
  });

  it.skipIf(!isThere)('the full-stack application behind its router', async () => {
    using project = projectFolder(FULLSTACK.name, free(FULLSTACK.files));
    const { stderr } = await call(project, '--file', 'docker-compose.yaml', 'up', '--detach');
    for (const side of ['backend', 'frontend'])
      expect(stderr).toContain(`Creating network "fullstack-notes-application-network-${side}" with driver "bridge"\n`);
    expect(stderr).toContain('Creating volume "notes-db-dev-data" with default driver\n');
    for (const name of ['notes-client-dev', 'notes-api-dev   ', 'notes-router-dev', 'notes-db-dev    '])
      expect(stderr).toContain(`Creating ${name} ... done`);
    const networks = (name: string) =>
      docker(engine, ['inspect', '-f', '{{range $n, $_ := .NetworkSettings.Networks}}{{$n}} {{end}}', name]);
    expect((await networks('notes-router-dev')).stdout.trim()).toBe(
      'fullstack-notes-application-network-backend fullstack-notes-application-network-frontend',
    );
    // The router reaches both sides; the client does not reach the database's.
    const resolve = (from: string, name: string) =>
      call(project, 'exec', '-T', from, 'nslookup', name, '127.0.0.11').then(
        () => true,
        () => false,
      );
    expect(await resolve('nginx', 'api')).toBe(true);
    expect(await resolve('nginx', 'client')).toBe(true);
    expect(await resolve('client', 'db')).toBe(false);
    expect((await call(project, 'exec', '-T', 'db', 'cat', '/var/lib/postgresql/data/db')).stdout).toBe('notesdb\n');
    expect((await call(project, 'ps', '-q')).stdout.trim().split('\n')).toHaveLength(4);
    await call(project, 'down', '--volumes');
    expect((await docker(engine, ['network', 'ls', '-q', '--filter', 'type=custom'])).stdout).toBe('');
  });
});

it('logs -f follows until the containers end', async () => {
  using project = projectFolder(HELLO.name, HELLO.files);
  await ours(project, 'up', '-d');
  const following = ours(project, 'logs', '-f', '--tail=10');
  await docker(engine, ['wait', 'basicdocker_hello-world_1']);
  await expect
    .poll(async () => (await docker(engine, ['logs', 'basicdocker_redis_1'])).stdout, { timeout: 30_000 })
    .toContain('Ready');
  await ours(project, 'stop');
  expect((await following).stdout).toMatch(/redis_1 +\| Ready to accept connections/);
  await ours(project, 'down');
});

it('today’s names under berth compose', async () => {
  using project = projectFolder(HELLO.name, HELLO.files);
  const { stderr } = await composeOk(engine, project, ['up', '-d']);
  expect(stderr).toContain(' Container basicdocker-redis-1  Started');
  expect((await composeOk(engine, project, ['logs', 'hello-world'])).stdout).toBe('hello-world-1  | hello world\n');
  await composeOk(engine, project, ['down']);
});

it('containers of docker-compose are taken over: ps, exec and down see them', async () => {
  if (!existsSync(DEBIAN)) return;
  using project = projectFolder(HELLO.name, HELLO.files);
  await debian(project, 'up', '-d');
  expect((await composeOk(engine, project, ['ps', '--format', '{{.Name}}'])).stdout).toBe('basicdocker_redis_1\n');
  expect((await composeOk(engine, project, ['exec', '-T', 'redis', 'echo', 'x'])).stdout).toBe('x\n');
  await composeOk(engine, project, ['down']);
  expect((await docker(engine, ['ps', '-aq'])).stdout).toBe('');
});
