import { existsSync, mkdirSync, mkdtempSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { loadDebian } from '../../support/debian-image.ts';
import { type CommandResult, run } from '../../support/docker.ts';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { type GitServer, startGitServer } from '../../support/git.ts';
import {
  alpine,
  FROM_SOURCE,
  fromAddress,
  HELLO_DOCK,
  HELLO_DOCK_DEV,
  HELLO_DOCK_PROD,
  HELLO_WORLD,
  HELLO_WORLD_TXT,
  NGINX,
  NOTES_API,
  NOTES_API_DOCKERFILE,
  optimized,
  PACKAGED,
  RMBYEXT,
  rmbyext,
  WEBSERVER,
} from './handbook-files.ts';
import { STAND_INS } from './stand-ins.ts';

/*
 * Every Dockerfile of the handbook, built with Debian stand-ins for the hub's images, by `berth` and then by `docker`: what the
 * first one built, the second one finds in the cache. Packages come from Debian's mirror and npm's registry; a package is
 * compiled four times, so this takes minutes.
 */
const LONG_MS = 30 * 60_000;
const CACHE = path.resolve(import.meta.dirname, '../../../.cache/stand-ins');
const REPOSITORY = path.resolve(import.meta.dirname, '../../..');

let engine: TestEngine;
let folder: string;
let site: Server;
let address: string;
let git: GitServer;

beforeAll(async () => {
  engine = await startTestEngine();
  folder = mkdtempSync(path.join(tmpdir(), 'berth-handbook-build-'));
  await loadDebian(engine);
  const archive = await nginxSource();
  site = createServer((request, response) => {
    if (request.url === `/${NGINX}.tar.gz`) response.end(archive);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => site.listen(0, '127.0.0.1', resolve));
  const at = site.address();
  address = `http://127.0.0.1:${typeof at === 'object' && at ? at.port : 0}`;
  git = await startGitServer();
  const { folder: repository, git: inRepository, publish } = git.repository('rmbyext');
  for (const [name, text] of Object.entries(RMBYEXT)) writeFileSync(path.join(repository, name), text);
  inRepository('add', '.');
  inRepository('commit', '-qm', 'rmbyext');
  publish();
  for (const [tag, dockerfile] of STAND_INS) await makeStandIn(tag, dockerfile);
}, LONG_MS);

afterAll(async () => {
  site?.close();
  await git?.[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true, force: true });
  await engine?.stop();
}, 120_000);

/** The source package that Debian's nginx is made of, kept in .cache. */
async function nginxSource(): Promise<Buffer> {
  const file = path.join(CACHE, `${NGINX}.tar.gz`);
  if (!existsSync(file)) {
    const url = `http://deb.debian.org/debian/pool/main/n/nginx/${NGINX.replace('-', '_')}.orig.tar.gz`;
    const response = await fetch(url);
    if (!response.ok) throw new Error(`${url}: ${response.status}`);
    mkdirSync(CACHE, { recursive: true });
    writeFileSync(file, Buffer.from(await response.arrayBuffer()));
  }
  return readFileSync(file);
}

/** npm as this machine has it: a folder of its own, wherever it is. */
async function npmFolder(): Promise<string> {
  const { stdout } = await run('sh', ['-c', 'readlink -f "$(command -v npm)"']);
  return path.resolve(path.dirname(stdout.trim()), '..');
}

async function makeStandIn(tag: string, dockerfile: string): Promise<void> {
  const contexts: Record<string, string> = {
    node: path.dirname(realpathSync(path.join(REPOSITORY, 'node_modules/.bin/node'))),
    npm: await npmFolder(),
    certificates: '/etc/ssl/certs',
  };
  const used = Object.entries(contexts).filter(([name]) => dockerfile.includes(`--from=${name} `));
  const named = used.flatMap(([name, place]) => ['--build-context', `${name}=${place}`]);
  const made = await client('berth', ['build', '--progress=plain', '-t', tag, ...named, '-'], { input: dockerfile });
  expect(made.code, `${tag}: ${made.stderr.slice(-3000)}`).toBe(0);
}

interface Options {
  input?: string;
  cwd?: string;
}

function client(name: 'berth' | 'docker', args: string[], options: Options = {}): Promise<CommandResult> {
  const env = { DOCKER_HOST: engine.host, HOME: folder, DOCKER_CONFIG: folder, DOCKER_BUILDKIT: '0' };
  return run(clientProgram(name), args, { cwd: folder, ...options, env, timeout: LONG_MS });
}

function project(name: string, files: Readonly<Record<string, string | Buffer>>): string {
  const place = path.join(folder, name);
  for (const [file, content] of Object.entries(files)) {
    mkdirSync(path.dirname(path.join(place, file)), { recursive: true });
    writeFileSync(path.join(place, file), content);
  }
  return place;
}

describe.each(['berth', 'docker'] as const)("the handbook's images by %s", (name) => {
  async function ok(args: string[], options: Options = {}): Promise<string> {
    const { code, stdout, stderr } = await client(name, args, options);
    expect(code, `${args.join(' ')}\n${stdout.slice(-3000)}${stderr.slice(-3000)}`).toBe(0);
    return stdout;
  }
  const build = (place: string, ...args: string[]) => ok(['image', 'build', ...args, '.'], { cwd: place });
  /** `Step 1/4 : FROM ubuntu:latest` → `FROM ubuntu:latest`, and how many there are. */
  const steps = (text: string) => [...text.matchAll(/^Step (\d+)\/(\d+) : (.*)$/gm)].map(([, , , step]) => step);
  const cached = (text: string) => text.match(/^ ---> Using cache$/gm)?.length ?? 0;
  const sizeOf = async (image: string) => Number(await ok(['image', 'inspect', '-f', '{{.Size}}', image]));
  /** Runs an image, fetches its page, removes it. */
  async function page(image: string, port: number): Promise<string> {
    const id = (await ok(['container', 'run', '--rm', '--detach', '--publish', `127.0.0.1::${port}`, image])).trim();
    try {
      const [, published] = /:(\d+)/.exec(await ok(['port', id, String(port)])) ?? [];
      let text = '';
      await expect
        .poll(
          async () => (text = await fetch(`http://127.0.0.1:${published}/`).then((answer) => answer.text(), String)),
          {
            timeout: 60_000,
          },
        )
        .toMatch(/<|\{/);
      return text;
    } finally {
      await ok(['rm', '-f', id]);
    }
  }

  it(
    'custom-nginx of packages',
    async () => {
      const place = project('custom-nginx', { Dockerfile: PACKAGED });
      const first = await build(place);
      expect(first).toMatch(
        /^Sending build context to Docker daemon {2}\d+\.\d+[kM]B\r\r\nStep 1\/4 : FROM ubuntu:latest\n ---> [0-9a-f]{12}\n/,
      );
      expect(steps(first)).toEqual([
        'FROM ubuntu:latest',
        'EXPOSE 80',
        'RUN apt-get update &&     apt-get install nginx -y &&     apt-get clean && rm -rf /var/lib/apt/lists/*',
        'CMD ["nginx", "-g", "daemon off;"]',
      ]);
      expect(first).toMatch(/\nSuccessfully built [0-9a-f]{12}\n$/);
      if (name === 'berth') {
        expect(first).toMatch(
          /Step 2\/4 : EXPOSE 80\n ---> Running in [0-9a-f]{12}\nRemoving intermediate container [0-9a-f]{12}\n ---> [0-9a-f]{12}\n/,
        );
        expect(first).toContain('Setting up nginx');
      } else expect(cached(first)).toBe(3);
      const [, id = ''] = /Successfully built (\w+)/.exec(first) ?? [];
      expect(await page(id, 80)).toContain('Welcome to nginx!');
      const again = await build(place, '--tag', 'custom-nginx:packaged');
      expect(cached(again)).toBe(3);
      expect(again).toMatch(/Successfully built [0-9a-f]{12}\nSuccessfully tagged custom-nginx:packaged\n$/);
      const history = await ok([
        'image',
        'history',
        '--no-trunc',
        '--format',
        '{{.CreatedBy}}|{{.Size}}',
        'custom-nginx:packaged',
      ]);
      const rows = history.split('\n');
      expect(rows[0]).toBe('/bin/sh -c #(nop)  CMD ["nginx" "-g" "daemon off;"]|0B');
      expect(rows[1]).toMatch(/^\/bin\/sh -c apt-get update && {5}apt-get install nginx -y .*\|\d+(\.\d+)?MB$/);
      expect(rows[2]).toBe('/bin/sh -c #(nop)  EXPOSE 80|0B');
    },
    LONG_MS,
  );

  it(
    'custom-nginx from source',
    async () => {
      const archive = await nginxSource();
      const place = project('custom-nginx', { Dockerfile: FROM_SOURCE, [`${NGINX}.tar.gz`]: archive });
      const text = await build(place, '--tag', 'custom-nginx:copied');
      expect(text).toMatch(/^Sending build context to Docker daemon {2}1\.0\d+MB/);
      expect(steps(text)).toHaveLength(7);
      expect(steps(text)[2]).toBe(`COPY ${NGINX}.tar.gz .`);
      expect(await page('custom-nginx:copied', 80)).toContain('Welcome to nginx!');
    },
    LONG_MS,
  );

  it(
    'custom-nginx with ARG and ADD of an address',
    async () => {
      const place = project('custom-nginx', { Dockerfile: fromAddress(address) });
      const text = await build(place, '--build-arg', `FILENAME=${NGINX}`, '--tag', 'custom-nginx:built');
      expect(steps(text)).toHaveLength(9);
      // The packages are those of the build before.
      expect(text).toMatch(/Step 2\/9 : RUN apt-get update .*\n ---> Using cache\n/);
      expect(await page('custom-nginx:built', 80)).toContain('Welcome to nginx!');
    },
    LONG_MS,
  );

  it(
    'custom-nginx optimized, and on alpine',
    async () => {
      const place = project('custom-nginx', { Dockerfile: optimized(address), 'Dockerfile.alpine': alpine(address) });
      const argument = ['--build-arg', `FILENAME=${NGINX}`];
      expect(steps(await build(place, ...argument, '--tag', 'custom-nginx:optimized'))).toHaveLength(7);
      expect(await page('custom-nginx:optimized', 80)).toContain('Welcome to nginx!');
      // The handbook: 343 MB become 81.6.
      expect(await sizeOf('custom-nginx:optimized')).toBeLessThan((await sizeOf('custom-nginx:built')) - 150_000_000);
      const text = await build(place, ...argument, '--file', 'Dockerfile.alpine', '--tag', 'custom-nginx:alpine');
      expect(steps(text)[0]).toBe('FROM alpine:latest');
      expect(await page('custom-nginx:alpine', 80)).toContain('Welcome to nginx!');
      // The stand-in for Alpine is a Debian: that it is the smaller one cannot be seen here.
      expect(await sizeOf('custom-nginx:alpine')).toBeLessThan(await sizeOf('custom-nginx:built'));
    },
    LONG_MS,
  );

  it(
    'rmbyext',
    async () => {
      const place = project('rmbyext', { Dockerfile: rmbyext(git.url('rmbyext')) });
      // The repository is on this machine's loopback.
      const text = await build(place, '--network', 'host', '--tag', 'rmbyext');
      expect(text).toMatch(/Successfully tagged rmbyext:latest\n$/);
      expect(steps(text)).toHaveLength(4);
      const zone = project('zone', { 'a.pdf': '', 'b.txt': '' });
      expect(await ok(['container', 'run', '--rm', '-v', `${zone}:/zone`, 'rmbyext', 'pdf'])).toBe(
        'Removing: PDF\na.pdf\n',
      );
    },
    LONG_MS,
  );

  it(
    'hello-dock for development',
    async () => {
      const place = project('hello-dock', { ...HELLO_DOCK, 'Dockerfile.dev': HELLO_DOCK_DEV });
      const text = await build(place, '--file', 'Dockerfile.dev', '--tag', 'hello-dock:dev');
      expect(steps(text)).toHaveLength(9);
      expect(text).toMatch(/Successfully tagged hello-dock:dev\n$/);
      expect(await page('hello-dock:dev', 3000)).toContain('<h1>Hello Dock</h1>');
      expect(await ok(['run', '--rm', 'hello-dock:dev', 'ls', 'node_modules'])).not.toContain('left-behind');
    },
    LONG_MS,
  );

  it(
    'hello-dock for production',
    async () => {
      const place = project('hello-dock', { ...HELLO_DOCK, Dockerfile: HELLO_DOCK_PROD });
      const text = await build(place, '--tag', 'hello-dock:prod');
      expect(steps(text)).toHaveLength(9);
      expect(steps(text)[8]).toBe('COPY --from=builder /app/dist /usr/share/nginx/html');
      expect(await page('hello-dock:prod', 80)).toContain('<h1>Hello Dock</h1>');
      expect(await sizeOf('hello-dock:prod')).toBeLessThan(await sizeOf('hello-dock:dev'));
    },
    LONG_MS,
  );

  it(
    'notes-api in two stages',
    async () => {
      const place = project('notes-api', { ...NOTES_API, Dockerfile: NOTES_API_DOCKERFILE });
      const text = await build(place, '--tag', 'notes-api');
      expect(steps(text)).toHaveLength(14);
      expect(steps(text)[12]).toBe('COPY --from=builder /app/node_modules  /home/node/app/node_modules');
      expect(JSON.parse(await page('notes-api', 3000))).toEqual({ env: 'production', day: 86_400_000 });
      expect(await ok(['run', '--rm', 'notes-api', 'ls', 'node_modules'])).toBe('ms\n');
    },
    LONG_MS,
  );

  it(
    'a first image, and a web server',
    async () => {
      const text = await ok(['build', '-t', 'helloworld', '.'], {
        cwd: project('first', { Dockerfile: HELLO_WORLD_TXT }),
      });
      expect(steps(text)).toEqual(['FROM ubuntu:22.04', 'WORKDIR /', 'RUN touch helloworld.txt']);
      expect(await ok(['run', '--rm', 'helloworld', 'ls', '/'])).toContain('helloworld.txt\n');
      const server = await ok(['build', '-t', 'webserver', '.'], {
        cwd: project('webserver', { Dockerfile: WEBSERVER }),
      });
      expect(steps(server)).toHaveLength(5);
      expect(await page('webserver', 80)).toContain('Apache2 Debian Default Page');
    },
    LONG_MS,
  );

  it(
    'an image and its layers',
    async () => {
      const place = project('application', {
        Dockerfile: HELLO_WORLD,
        'docker-compose.yml': '',
        'hello_world.py': 'print("hello world")\n',
      });
      const text = await build(place);
      expect(text).toMatch(/^Sending build context to Docker daemon {2}3\.584kB\r\r\nStep 1\/4 : FROM ubuntu\n/);
      const [, id = ''] = /Successfully built (\w+)/.exec(text) ?? [];
      const rows = (await ok(['image', 'history', '--no-trunc', '--format', '{{.CreatedBy}}|{{.Size}}', id])).split(
        '\n',
      );
      expect(rows[0]).toBe('/bin/sh -c #(nop)  CMD ["/bin/sh" "-c" "python /app/hello_world.py"]|0B');
      expect(rows[1]).toMatch(/^\/bin\/sh -c #\(nop\) COPY dir:[0-9a-f]{64} in \/app \|\d+B$/);
      expect(rows[2]).toMatch(/^\/bin\/sh -c apt-get update && apt-get install -y python-is-python3\|[\d.]+MB$/);
      const tagged = await build(place, '-t', 'hello_world');
      expect(cached(tagged)).toBe(3);
      expect(await ok(['run', '--rm', 'hello_world'])).toBe('hello world\n');
      const shown = async (...more: string[]) => await ok(['image', 'ls', '--format', '{{.ID}}', ...more]);
      // Steps in between are hidden, and shown with -a.
      expect((await shown('-a')).split('\n').length).toBeGreaterThan((await shown()).split('\n').length);
    },
    LONG_MS,
  );
});
