import { spawn } from 'node:child_process';
import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compose, composeOk, type ProjectFolder, projectFolder } from '../../support/compose.ts';
import { docker } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';

const FILE = `services:
  web:
    image: busybox
    command: sh -c "echo started; exec httpd -f -p 80"
    stop_grace_period: 1s
    ports: ["127.0.0.1::80"]
    depends_on: {db: {condition: service_healthy}}
    volumes: [data:/data]
  db:
    image: busybox
    command: sh -c "trap exit TERM; echo ready; while true; do sleep 1; done"
    healthcheck: {test: "true", interval: 1s}
    stop_grace_period: 1s
  tool:
    image: busybox
    command: "true"
    profiles: [tools]
volumes: {data: }
`;

let engine: TestEngine;
let shop: ProjectFolder;
const ok = (...args: string[]) => composeOk(engine, shop, args);
const inspect = async (name: string, format: string) =>
  (await docker(engine, ['inspect', '--format', format, name])).stdout.trim();

beforeAll(async () => {
  engine = await startTestEngine();
  await docker(engine, ['load'], { input: dockerArchive([busyboxImage(['busybox:latest'])]) });
  shop = projectFolder('shop', { 'compose.yaml': FILE });
});

afterAll(async () => {
  await compose(engine, shop, ['down', '-v', '-t', '0']);
  shop[Symbol.dispose]();
  await engine.stop();
});

describe('a project', () => {
  it('up makes networks, volumes and containers, and waits for health', async () => {
    const { stderr } = await ok('up', '-d');
    expect(stderr).toMatch(/ Network shop_default {2}Created/);
    expect(stderr).toMatch(/ Container shop-db-1 {2}Healthy[\s\S]* Container shop-web-1 {2}Started/);
    expect(await inspect('shop-web-1', '{{.State.Status}} {{index .Config.Labels "com.docker.compose.service"}}')).toBe(
      'running web',
    );
  });

  it('a second up changes nothing', async () => {
    const before = await inspect('shop-web-1', '{{.Id}} {{.State.StartedAt}}');
    const { stderr } = await ok('up', '-d');
    expect(stderr).toBe(' Container shop-db-1  Running \n Container shop-web-1  Running \n');
    expect(await inspect('shop-web-1', '{{.Id}} {{.State.StartedAt}}')).toBe(before);
    expect((await ok('plan')).stdout).toContain('Nothing to do');
  });

  it('ps lists it, also as JSON, ids and services', async () => {
    const { stdout } = await ok('ps');
    expect(stdout).toMatch(
      /^NAME +IMAGE +COMMAND +SERVICE +CREATED +STATUS +PORTS\nshop-db-1 +busybox +"sh -c 'trap exit TE…" +db /,
    );
    const rows = (await ok('ps', '--format', 'json')).stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as Record<string, unknown>);
    expect(rows.map(({ Service, State }) => `${Service} ${State}`)).toEqual(['db running', 'web running']);
    expect((await ok('ps', '-q', 'web')).stdout.trim()).toBe(await inspect('shop-web-1', '{{.Id}}'));
    expect((await ok('ps', '--services', '--status', 'running')).stdout).toBe('db\nweb\n');
    expect((await ok('ps', '--format', '{{.Name}}:{{.Service}}', 'db')).stdout).toBe('shop-db-1:db\n');
  });

  it('ls lists projects', async () => {
    expect((await ok('ls')).stdout).toMatch(/NAME +STATUS +CONFIG FILES\nshop +running\(2\) +\S+compose.yaml\n/);
    expect((await ok('ls', '-q')).stdout).toBe('shop\n');
  });

  it('logs prefixes lines with the container', async () => {
    expect((await ok('logs', 'web', 'db')).stdout.split('\n').sort()).toEqual([
      '',
      'db-1   | ready',
      'web-1  | started',
    ]);
    expect((await ok('logs', '--no-log-prefix', '--tail', '1', 'db')).stdout).toBe('ready\n');
  });

  it('exec runs in it and gives its exit code', async () => {
    expect((await ok('exec', '-T', 'web', 'hostname')).stdout.trim()).toBe(
      await inspect('shop-web-1', '{{.Config.Hostname}}'),
    );
    expect((await compose(engine, shop, ['exec', '-T', '-e', 'A=7', 'web', 'sh', '-c', 'exit $A'])).code).toBe(7);
    expect(await compose(engine, shop, ['exec', '-T', 'none', 'true'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no such service: none'),
    });
  });

  it('run makes a container of its own', async () => {
    const result = await compose(engine, shop, [
      'run',
      '--rm',
      '-T',
      '-e',
      'A=5',
      '--user',
      '1000',
      'web',
      'sh',
      '-c',
      'id -u; exit $A',
    ]);
    expect(result).toMatchObject({ code: 5, stdout: '1000\n' });
    expect((await ok('run', '--rm', '-T', '--entrypoint', 'echo x', 'tool')).stdout).toBe('x\n');
    expect((await ok('ps', '-a', '--format', '{{.Name}}')).stdout).not.toContain('run');
  });

  it('top, port, images, stats and volumes tell about it', async () => {
    expect((await ok('top', 'web')).stdout).toMatch(/SERVICE +# .*CMD\nweb +1 .*httpd -f -p 80/);
    expect((await ok('port', 'web', '80')).stdout).toMatch(/^127\.0\.0\.1:\d+\n$/);
    expect((await ok('images', 'web')).stdout).toMatch(/^CONTAINER +REPOSITORY +TAG .*\nshop-web-1 +busybox +latest/);
    expect((await ok('stats', '--no-stream', '--format', '{{.Name}}')).stdout.split('\n').sort()).toEqual([
      '',
      'shop-db-1',
      'shop-web-1',
    ]);
    expect((await ok('volumes')).stdout).toMatch(/DRIVER +VOLUME NAME\nlocal +shop_data/);
  });

  it('cp copies in and out, export and commit take all', async () => {
    writeFileSync(path.join(shop.folder, 'in.txt'), 'hello\n');
    await ok('cp', 'in.txt', 'web:/data/x');
    await ok('cp', 'web:/data/x', 'out.txt');
    expect(readFileSync(path.join(shop.folder, 'out.txt'), 'utf8')).toBe('hello\n');
    await ok('export', '-o', 'root.tar', 'web');
    expect(readFileSync(path.join(shop.folder, 'root.tar')).length).toBeGreaterThan(100_000);
    await ok('commit', 'web', 'shop-saved:1');
    expect(await inspect('shop-saved:1', '{{.Config.Cmd}}')).toContain('httpd');
    await docker(engine, ['rmi', 'shop-saved:1']);
  });

  it('pause, unpause, stop, start, restart and kill go to its containers', async () => {
    const state = () => inspect('shop-web-1', '{{.State.Status}}');
    await ok('pause', 'web');
    expect(await state()).toBe('paused');
    await ok('unpause', 'web');
    expect(await state()).toBe('running');
    await ok('stop', '-t', '0', 'web');
    expect(await state()).toBe('exited');
    await ok('start', '--wait', 'web');
    expect(await state()).toBe('running');
    const started = await inspect('shop-web-1', '{{.State.StartedAt}}');
    await ok('restart', '-t', '0', 'web');
    expect(await inspect('shop-web-1', '{{.State.StartedAt}}')).not.toBe(started);
    await ok('kill', '-s', 'KILL', 'web');
    expect(await inspect('shop-web-1', '{{.State.ExitCode}}')).toBe('137');
    await ok('up', '-d', '--wait');
    expect(await state()).toBe('running');
  });

  it('scale and up --scale make and remove containers', async () => {
    await ok('scale', 'db=3');
    expect((await ok('ps', '--format', '{{.Name}}', 'db')).stdout).toBe('shop-db-1\nshop-db-2\nshop-db-3\n');
    await ok('up', '-d', '-t', '0', '--scale', 'db=1');
    expect((await ok('ps', '--format', '{{.Name}}', 'db')).stdout).toBe('shop-db-1\n');
  });

  it('attach shows output and passes the exit code on', async () => {
    const attachments = async () => {
      const until = String(Math.floor(Date.now() / 1000) + 1);
      const words = ['events', '--since', '0', '--until', until, '--filter', 'event=attach'];
      return (await docker(engine, [...words, '--filter', 'container=shop-db-1'])).stdout.split('\n').length;
    };
    const before = await attachments();
    const attached = compose(engine, shop, ['attach', '--no-stdin', 'db']);
    // The client waits for the container before it attaches: then a stop ends both.
    await expect.poll(attachments, { timeout: 20_000 }).toBe(before + 1);
    await ok('stop', 'db');
    expect((await attached).code).toBe(0);
    await ok('start', 'db');
  });

  it('wait gives exit codes, events tell what happened', async () => {
    const waiting = compose(engine, shop, ['wait', 'db']);
    const from = String(Math.floor(Date.now() / 1000) - 1);
    await ok('stop', 'db');
    expect(await waiting).toMatchObject({
      code: 0,
      stdout: expect.stringMatching(/^container "[0-9a-f]{64}" exited with status code 0\n$/),
    });
    const until = String(Math.floor(Date.now() / 1000) + 1);
    const { stdout } = await ok('events', '--json', '--since', from, '--until', until, 'db');
    const events = stdout
      .trim()
      .split('\n')
      .map((line) => JSON.parse(line) as { action: string; service: string });
    expect(events).toContainEqual(expect.objectContaining({ action: 'die', service: 'db', type: 'container' }));
  });

  it('rm removes what is stopped', async () => {
    expect((await ok('rm', '-f', 'db')).stdout).toBe('Going to remove shop-db-1\n');
    expect((await ok('ps', '-a', '--format', '{{.Name}}')).stdout).toBe('shop-web-1\n');
  });

  it('create makes containers that do not run', async () => {
    await ok('create');
    expect(await inspect('shop-db-1', '{{.State.Status}}')).toBe('created');
    await ok('up', '-d', '--wait');
  });

  it('down removes all of it, volumes only when that is said', async () => {
    await ok('down', '-t', '0');
    expect((await docker(engine, ['ps', '-aq'])).stdout).toBe('');
    expect((await docker(engine, ['volume', 'ls', '-q'])).stdout).toBe('shop_data\n');
    await ok('down', '--volumes');
    expect((await docker(engine, ['volume', 'ls', '-q'])).stdout).toBe('');
    expect((await docker(engine, ['network', 'ls', '-q', '--filter', 'name=shop'])).stdout).toBe('');
  });
});

describe('what needs no engine', () => {
  it('config prints the project, and parts of it', async () => {
    expect((await ok('config')).stdout).toContain('name: shop\nservices:\n  db:\n');
    expect((await ok('config', '--services')).stdout).toBe('db\nweb\n');
    expect((await ok('config', '--volumes')).stdout).toBe('data\n');
    expect((await ok('config', '--profiles')).stdout).toBe('tools\n');
    expect((await ok('config', '--hash', 'web')).stdout).toMatch(/^web [0-9a-f]{64}\n$/);
    expect(JSON.parse((await ok('config', '--format', 'json')).stdout)).toMatchObject({ name: 'shop' });
    expect((await ok('config', '--provenance', 'web')).stdout).toContain(
      'services.web.image: "busybox" # compose.yaml:3',
    );
    expect((await ok('config', '-q')).stdout).toBe('');
    const stdin = await composeOk(engine, shop, ['-f', '-', 'config', '--images'], {
      input: 'services: {a: {image: from-stdin}}\n',
    });
    expect(stdin.stdout).toBe('from-stdin\n');
  });

  it('build prints what it would build', async () => {
    const own = projectFolder('built', {
      'compose.yaml': 'services: {app: {build: {context: ., args: {A: 1}, target: t}}}\n',
    });
    const { stdout } = await composeOk(engine, own, ['build', '--print']);
    expect(JSON.parse(stdout)).toMatchObject({
      group: { default: { targets: ['app'] } },
      target: {
        app: { context: own.folder, dockerfile: 'Dockerfile', args: { A: '1' }, target: 't', tags: ['built-app'] },
      },
    });
    own[Symbol.dispose]();
  });

  it('berth compose --help lists the commands', async () => {
    expect((await ok('--help')).stdout).toMatch(
      /^Usage: {2}berth compose \[OPTIONS\] COMMAND\n[\s\S]*\n {2}up +Create and start containers\n/,
    );
    expect((await ok('up', '--help')).stdout).toMatch(/^Usage: {2}berth compose up \[OPTIONS\] \[SERVICE\.\.\.\]\n/);
  });

  it('viz draws the services, version names itself', async () => {
    expect((await ok('viz')).stdout).toMatch(/^digraph "shop" \{\n[\s\S]*"web" -> "db";\n\}\n$/);
    expect((await ok('version', '--short')).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
    expect((await ok('version')).stdout).toMatch(/^Docker Compose version v/);
  });

  it('dry run changes nothing', async () => {
    const { stderr } = await ok('--dry-run', 'up', '-d');
    expect(stderr).toContain(' DRY-RUN MODE -  Container shop-web-1  Created');
    expect((await docker(engine, ['ps', '-aq'])).stdout).toBe('');
  });

  it('mistakes are said with exit codes', async () => {
    expect(await compose(engine, shop, ['up', '--none'])).toMatchObject({
      code: 16,
      stderr: expect.stringContaining('unknown flag: --none'),
    });
    expect(await compose(engine, shop, ['nothing'])).toMatchObject({ code: 16 });
    expect(await compose(engine, { folder: '/' }, ['up'])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('no configuration file provided: not found'),
    });
  });

  it('push and pull of what is not there are errors', async () => {
    const own = projectFolder('pull', { 'compose.yaml': 'services: {a: {image: "127.0.0.1:1/none:1"}}\n' });
    expect((await compose(engine, own, ['pull'])).code).toBe(1);
    expect((await compose(engine, own, ['pull', '--ignore-pull-failures'])).code).toBe(0);
    expect((await compose(engine, own, ['push'])).code).toBe(0);
    own[Symbol.dispose]();
  });
});

it('watch copies what changes into the container', async () => {
  const own = projectFolder('watched', {
    'compose.yaml':
      'services:\n  app:\n    image: busybox\n    command: sleep 1000\n    stop_grace_period: 0s\n    develop: {watch: [{path: ./src, action: sync, target: /src, ignore: [no], initial_sync: true}]}\n',
    'src/a': '1\n',
    'src/no': 'x\n',
  });
  const child = spawn(process.execPath, [path.resolve('apps/cli/main.ts'), 'compose', 'watch'], {
    cwd: own.folder,
    env: { ...process.env, DOCKER_HOST: engine.host },
    stdio: 'ignore',
  });
  try {
    const read = async (file: string) => (await docker(engine, ['exec', 'watched-app-1', 'cat', file])).stdout;
    await expect.poll(() => read('/src/a'), { timeout: 30_000 }).toBe('1\n');
    own.write('src/a', '2\n');
    own.write('src/below/b', '3\n');
    await expect.poll(() => read('/src/a'), { timeout: 30_000 }).toBe('2\n');
    await expect.poll(() => read('/src/below/b'), { timeout: 30_000 }).toBe('3\n');
    expect(await read('/src/no')).toBe('');
  } finally {
    child.kill('SIGINT');
    await new Promise((resolve) => child.once('exit', resolve));
    await composeOk(engine, own, ['down', '-t', '0']);
    own[Symbol.dispose]();
  }
});
