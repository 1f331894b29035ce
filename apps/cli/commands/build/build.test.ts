import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { TarParser } from '@berth/oci/tar';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { COMPARED_VERSION, dockerMajor } from '../../../../tests/support/docker-version.ts';
import { type FakeEngine, type SeenRequest, startFakeEngine } from '../../../../tests/support/fake-engine.ts';
import { runBerth, sideBySide } from '../../../../tests/support/side-by-side.ts';

const ID = `sha256:${'a'.repeat(64)}`;
const STREAM = [
  { stream: 'Step 1/2 : FROM scratch' },
  { stream: '\n' },
  { stream: ' ---> \n' },
  { stream: 'Step 2/2 : RUN echo "hi"' },
  { stream: '\n' },
  { stream: ' ---> Running in 0123456789ab\nhi\n' },
  { stream: 'Removing intermediate container 0123456789ab\n ---> aaaaaaaaaaaa\n' },
  { aux: { ID } },
  { stream: 'Successfully built aaaaaaaaaaaa\n' },
  { stream: 'Successfully tagged x:latest\n' },
];
const lines = (messages: object[]) => messages.map((message) => `${JSON.stringify(message)}\r\n`).join('');

let engine: FakeEngine;
let folder: string;
const here = process.cwd();
beforeAll(async () => {
  engine = await startFakeEngine();
  folder = mkdtempSync(join(tmpdir(), 'berth-build-'));
  mkdirSync(join(folder, 'ctx/sub'), { recursive: true });
  writeFileSync(join(folder, 'ctx/Dockerfile'), 'FROM scratch\nCOPY . /\n');
  writeFileSync(join(folder, 'ctx/.dockerignore'), '# comment\n*.log\n!keep.log\nsub/secret\nDockerfile\n');
  for (const name of ['a.log', 'keep.log', 'sub/a', 'sub/secret']) writeFileSync(join(folder, 'ctx', name), name);
  symlinkSync('/etc/passwd', join(folder, 'ctx/link'));
  writeFileSync(join(folder, 'Outside'), 'FROM scratch\n');
  process.chdir(engine.folder);
});
beforeEach(() => {
  engine.routes = { 'POST /build': { text: lines(STREAM) } };
  engine.seen.length = 0;
});
afterAll(async () => {
  process.chdir(here);
  rmSync(folder, { recursive: true });
  await engine[Symbol.asyncDispose]();
});

const CLASSIC = { env: { DOCKER_BUILDKIT: '0' } };

interface TarLine {
  name: string;
  type: string;
  mode: string;
  link: string;
}

function tarLines(body: Buffer): TarLine[] {
  const parser = new TarParser();
  return [...parser.push(body)].flatMap((event) =>
    event.kind === 'entry'
      ? {
          name: event.entry.name.toString(),
          type: event.entry.type,
          mode: event.entry.mode.toString(8),
          link: event.entry.linkName.toString(),
        }
      : [],
  );
}

describe.skipIf(dockerMajor() < COMPARED_VERSION)(`build beside Docker's own client ${COMPARED_VERSION}`, () => {
  const request = ({ method, path, query, headers, body }: SeenRequest) => ({
    ...{ method, path, query, type: headers['content-type'], registries: headers['x-registry-config'] },
    files: query.dockerfile?.startsWith('.dockerfile.') ? 'with a name by chance' : tarLines(body),
  });
  const withoutBanner = <T extends { stderr: string }>(outcome: T): T => ({
    ...outcome,
    stderr: outcome.stderr.replace(/^DEPRECATED[\s\S]*?\n\n/, ''),
  });

  it.each<[name: string, args: string, stdin?: string]>([
    ['a directory', 'build CTX'],
    [
      'a tag, labels, arguments',
      'build -t a:b --label x=y --label z --build-arg HOME --build-arg NO --build-arg Q=1 CTX',
    ],
    ['limits', 'build -m 64m --memory-swap -1 -c 3 --cpu-period 1 --cpu-quota 2 --cpuset-cpus 0 --cpuset-mems 0 CTX'],
    [
      'surroundings',
      'build --network host --add-host h:1.2.3.4 --ulimit nofile=10:20 --shm-size 1m --cgroup-parent p CTX',
    ],
    [
      'choices',
      'build --pull --no-cache --rm=false --force-rm --target t --platform linux/amd64 --isolation default CTX',
    ],
    ['caches', 'build --cache-from a,b --cache-from c CTX'],
    ['security options', 'build --security-opt seccomp=unconfined CTX'],
    ['quiet', 'build -q CTX'],
    ['a Dockerfile alone', 'build -', 'FROM scratch\n'],
    ['an empty Dockerfile', 'build -'],
    ['builder build', 'builder build CTX'],
    ['no argument', 'build'],
    ['two arguments', 'build a b'],
    ['no such directory', 'build /nonexistent'],
    ['a file', 'build CTX/Dockerfile'],
    ['a Dockerfile that is not there', 'build -f nope CTX'],
    ['all from stdin', 'build -f - -'],
    ['a bad tag', 'build -t A:b CTX'],
    ['a bad label', 'build --label =x CTX'],
    ['a bad host', 'build --add-host x CTX'],
    ['a bad limit', 'build --memory-swap x CTX'],
  ])('%s', async (_name, words, stdin = '') => {
    const args = words.split(' ').map((word) => word.replace('CTX', join(folder, 'ctx')));
    const { docker, berth } = await sideBySide(engine, args, { ...CLASSIC, stdin });
    expect(berth).toEqual(withoutBanner(docker));
    const half = engine.seen.length / 2;
    expect(engine.seen.slice(half).map(request)).toEqual(engine.seen.slice(0, half).map(request));
  });

  it.each([3, 0])('a step that fails with %i', async (code) => {
    const message = `The command '/bin/sh -c exit ${code}' returned a non-zero code: ${code}`;
    engine.routes['POST /build'] = { text: lines([{ errorDetail: { code, message }, error: message }]) };
    for (const quiet of [[], ['-q']]) {
      const { docker, berth } = await sideBySide(engine, ['build', ...quiet, join(folder, 'ctx')], CLASSIC);
      expect(berth.code).toBe(docker.code);
      // When quiet, Docker's client also tells then what it kept to itself.
      expect(berth.stderr).toBe(withoutBanner(docker).stderr.replace(/^Sending build context .*\r\r\n/, ''));
    }
  });

  it.each([
    ['--all'],
    ['--force'],
    ['-af'],
    ['-f', '--filter', 'until=24h', '--keep-storage', '1g'],
    ['--filter', 'x'],
  ])('builder prune %s', async (...args) => {
    engine.routes['POST /build/prune'] = { json: { CachesDeleted: ['abc', 'def'], SpaceReclaimed: 12_345_678 } };
    const { docker, berth } = await sideBySide(engine, ['builder', 'prune', ...args], { stdin: 'y\n' });
    expect(berth).toEqual(withoutBanner(docker));
    const [theirs, ours] = engine.seen.map(({ path, query: { filters, ...query } }) => ({
      path,
      query,
      filters: filterNames(filters),
    }));
    expect(ours).toEqual(theirs);
  });
});

/** Docker's client writes `{"until":{"24h":true}}`, ours `{"until":["24h"]}`; engines take both. */
function filterNames(filters: string | undefined): Record<string, string[]> {
  const read = Object.entries(JSON.parse(filters || '{}') as Record<string, string[] | Record<string, boolean>>);
  return Object.fromEntries(read.map(([name, values]) => [name, Array.isArray(values) ? values : Object.keys(values)]));
}

describe('a build', () => {
  const build = (...args: string[]) => runBerth(engine, ['build', ...args, join(folder, 'ctx')]);

  it('sends what .dockerignore leaves, and what the engine itself needs', async () => {
    await build('--progress=classic');
    const [{ body } = expect.fail('no request')] = engine.seen;
    expect(tarLines(body).map(({ name }) => name)).toEqual([
      '.dockerignore',
      'Dockerfile',
      'keep.log',
      'link',
      'sub/',
      'sub/a',
    ]);
  });

  it('prefers the rules beside its Dockerfile', async () => {
    cpSync(join(folder, 'ctx'), join(folder, 'other'), { recursive: true });
    writeFileSync(join(folder, 'other/Dockerfile.dockerignore'), 'sub\n*.log\nlink\n');
    await runBerth(engine, ['build', '--progress=classic', join(folder, 'other')]);
    const names = tarLines(engine.seen[0]?.body ?? Buffer.alloc(0)).map(({ name }) => name);
    expect(names).toEqual(['.dockerignore', 'Dockerfile', 'Dockerfile.dockerignore']);
  });

  it('tells its steps in the plain view when the engine tells only the classic stream', async () => {
    const { code, stdout, stderr } = await build();
    expect([code, stdout]).toEqual([0, '']);
    expect(stderr.replace(/\d+\.\d+/g, 'T')).toBe(
      [
        '#1 [internal] load build context',
        '#1 transferring context: TkB done',
        '#1 DONE Ts\n',
        '#2 [1/2] FROM scratch',
        '#2 DONE Ts\n',
        '#3 [2/2] RUN echo "hi"',
        '#3 T hi',
        '#3 DONE Ts\n\n',
      ].join('\n'),
    );
  });

  it('prints the id alone when quiet, and writes it to a file', async () => {
    engine.routes['POST /build'] = { text: lines([{ stream: `${ID}\n` }]) };
    const iid = join(folder, 'iid');
    const metadata = join(folder, 'metadata.json');
    engine.routes[`GET /images/${ID}/json`] = { json: { Descriptor: { digest: 'sha256:bbb', size: 3 } } };
    const { stdout, stderr } = await build('--quiet', '--iidfile', iid, '--metadata-file', metadata, '-t', 'app');
    expect([stdout, stderr]).toEqual([`${ID}\n`, '']);
    expect(readFileSync(iid, 'utf8')).toBe(ID);
    expect(JSON.parse(readFileSync(metadata, 'utf8'))).toEqual({
      'containerimage.config.digest': ID,
      'containerimage.descriptor': { digest: 'sha256:bbb', size: 3 },
      'containerimage.digest': 'sha256:bbb',
      'image.name': 'docker.io/library/app:latest',
    });
  });

  it('gives secrets to a session in a body, never in a URL', async () => {
    writeFileSync(join(folder, 'token'), 's3cret-of-a-file');
    engine.routes['POST /berth/v1/build/sessions'] = { status: 201, json: { id: 'S1' } };
    const secrets = ['--secret', `id=a,src=${join(folder, 'token')}`, '--secret', 'id=b,env=HOME', '--secret=id=PATH'];
    expect((await build('--progress=classic', ...secrets)).code).toBe(0);
    const [session, start] = engine.seen;
    expect(JSON.parse(String(session?.body)).secrets).toEqual({
      a: Buffer.from('s3cret-of-a-file').toString('base64'),
      b: Buffer.from(engine.folder).toString('base64'),
      PATH: Buffer.from(process.env.PATH ?? '').toString('base64'),
    });
    expect(start?.query.session).toBe('S1');
    expect(JSON.stringify(engine.seen.map(({ query, headers }) => ({ query, headers })))).not.toContain('s3cret');
  });

  it('a Dockerfile from elsewhere goes into the session, or under a name of its own where there is none', async () => {
    const args = ['--progress=classic', '-f', join(folder, 'Outside')];
    engine.routes['POST /berth/v1/build/sessions'] = { status: 201, json: { id: 'S2' } };
    await build(...args);
    expect(JSON.parse(String(engine.seen[0]?.body)).dockerfile).toBe('FROM scratch\n');
    expect(engine.seen[1]?.query).toMatchObject({ dockerfile: 'Outside', session: 'S2' });
    delete engine.routes['POST /berth/v1/build/sessions'];
    engine.seen.length = 0;
    await build(...args);
    const start = engine.seen.find(({ path }) => path === '/build');
    const names = tarLines(start?.body ?? Buffer.alloc(0)).map(({ name }) => name);
    expect(names).toContain(start?.query.dockerfile);
    expect(names.filter((name) => name === '.dockerignore')).toHaveLength(1);
  });

  it('announces a large context and sends what the engine lacks, each content once', async () => {
    cpSync(join(folder, 'ctx'), join(folder, 'large'), { recursive: true });
    for (const name of ['one', 'two', 'three'])
      writeFileSync(join(folder, 'large', name), Buffer.alloc(200_000, name === 'two' ? 'b' : 'a'));
    const announced: { path: string; sha256?: string }[] = [];
    engine.routes['POST /berth/v1/build/context'] = (_request, response, body) => {
      announced.push(
        ...String(body)
          .trim()
          .split('\n')
          .map((line) => JSON.parse(line) as { path: string }),
      );
      const missing = [
        ...new Set(announced.flatMap(({ path, sha256 }) => (/one|three/.test(path) && sha256 ? sha256 : []))),
      ];
      response.writeHead(201).end(JSON.stringify({ id: 'C1', missing }));
    };
    engine.routes['POST /berth/v1/build/context/C1/files'] = { status: 204, text: '' };
    engine.routes['POST /berth/v1/build/sessions'] = { status: 201, json: { id: 'S3' } };
    const env = { XDG_CACHE_HOME: join(folder, 'cache') };
    const run = () => runBerth(engine, ['build', '--progress=classic', join(folder, 'large')], { env });
    const { stdout } = await run();
    expect(stdout).toMatch(/^Sending build context to Docker daemon {2}608\.3kB\r\r\n/);
    expect(announced.map(({ path }) => path)).toContain('sub/a');
    expect(announced.map(({ path }) => path)).not.toContain('sub/secret');
    const files = engine.seen.find(({ path }) => path.endsWith('/files'));
    expect(tarLines(files?.body ?? Buffer.alloc(0))).toHaveLength(1);
    expect(engine.seen.find(({ path }) => path.endsWith('/sessions'))?.body.toString()).toContain('"context":"C1"');
    const start = engine.seen.find(({ path }) => path === '/build');
    expect([start?.query.session, start?.body.length]).toEqual(['S3', 0]);
    // Engines that are not ours get it all.
    engine.routes = { 'POST /build': { text: lines(STREAM) } };
    engine.seen.length = 0;
    await run();
    expect(tarLines(engine.seen.at(-1)?.body ?? Buffer.alloc(0)).map(({ name }) => name)).toContain('three');
  });

  it.each([
    ['--secret=id=x,src=/nonexistent', 'failed to stat /nonexistent: no such file or directory'],
    ['--secret=src=x', 'id is missing'],
    ['--annotation=a=b', '--annotation is not supported by Berth'],
    ['--provenance=true', 'it makes no attestations'],
    ['--attest=type=sbom', 'it makes no attestations'],
    ['--builder=other', 'no builder "other" found'],
    ['--progress=dots', 'invalid progress mode dots'],
    ['--output=type=teleport', 'exporter "teleport" could not be found'],
    ['--output=type=local', 'dest is required for local output'],
    ['--output=type=local,dest=x,push=true', "invalid value for --output type=local: unexpected key 'push'"],
    ['--output=type=local,dest=x,name=a', "invalid value for --output type=local: unexpected key 'name'"],
    ['--output=type=image,dest=x', "invalid value for --output type=image: unexpected key 'dest'"],
    ['--output=type=tar,dest=x,tar=true', "invalid value for --output type=tar: unexpected key 'tar'"],
    ['--output=type=cacheonly,dest=x', "invalid value for --output type=cacheonly: unexpected key 'dest'"],
    ['--output=type=docker,dest=x,tar=false', 'output type=docker writes an archive only'],
    ['--output=type=constructor', 'exporter "constructor" could not be found'],
    ['--output=type=image,push=maybe', 'output type=image: push=maybe is neither true nor false'],
    ['--output=type=registry,push=', 'output type=registry: push= is neither true nor false'],
    ['--output=type=docker,dest=x,tar=perhaps', 'output type=docker: tar=perhaps is neither true nor false'],
    ['--output=type=registry', 'tag is needed when pushing to registry'],
    ['--secret=id=a,type=file,env=HOME', 'type=file and env=HOME exclude each other'],
    ['--push', 'tag is needed when pushing to registry'],
    ['--platform=linux/amd64,linux/arm64', 'multiple platforms feature is currently not supported'],
    ['--ssh=default', 'make sure SSH_AUTH_SOCK is set'],
    ['--why', '--why needs --list'],
    ['--no-cache-filter=x', '--no-cache-filter needs an engine of Berth'],
    ['--build-context=x=/nonexistent', 'no such file or directory'],
    ['--build-context=x=oci-layout://y', 'is of a kind that is not supported by Berth'],
    ['--resource=gpu=1', 'unknown resource "gpu"'],
    ['--disable-content-trust=false', 'content trust is not supported'],
  ])('refuses %s', async (flag, why) => {
    const { code, stderr } = await build(flag);
    expect([code, stderr]).toEqual([1, expect.stringContaining(why)]);
  });

  it.each(['-D', '--debug'])('says with %s where an error comes from', async (flag) => {
    const { code, stderr } = await build(flag, '--builder=other');
    expect([code, stderr]).toEqual([1, expect.stringMatching(/DEBUG: .*no builder "other" found\n +at /)]);
    expect((await build('--builder=other')).stderr).not.toContain('DEBUG');
  });

  it.each(['--provenance=false', '--sbom=false', '--attest=type=sbom,disabled=true', '--builder=default', '--load'])(
    'takes %s, which asks for what is so anyway',
    async (flag) => expect((await build(flag)).code).toBe(0),
  );

  it('is there as buildx build as well, and without help about it', async () => {
    const { code, stderr } = await runBerth(engine, ['buildx', 'build', join(folder, 'ctx')]);
    expect([code, stderr]).toEqual([0, expect.stringContaining('[2/2] RUN echo "hi"')]);
    expect((await runBerth(engine, ['--help'])).stdout).not.toContain('buildx');
  });

  it('DOCKER_BUILDKIT=0 and BUILDKIT_PROGRESS choose the view', async () => {
    const args = ['build', join(folder, 'ctx')];
    expect((await runBerth(engine, args, { env: { DOCKER_BUILDKIT: '0' } })).stdout).toContain(
      'Step 1/2 : FROM scratch\n',
    );
    const json = await runBerth(engine, args, { env: { BUILDKIT_PROGRESS: 'rawjson' } });
    const first: unknown = JSON.parse(json.stderr.split('\n')[0] ?? '');
    expect(first).toMatchObject({ vertexes: [{ name: '[internal] load build context' }] });
    const bad = await runBerth(engine, args, { env: { DOCKER_BUILDKIT: 'maybe' } });
    expect(bad.stderr).toContain('DOCKER_BUILDKIT environment variable expects boolean value');
  });

  it('that fails shows the end of its log and the reason', async () => {
    const message = "The command '/bin/sh -c false' returned a non-zero code: 1";
    engine.routes['POST /build'] = {
      text: lines([
        ...STREAM.slice(0, 5),
        { stream: 'something broke\n' },
        { errorDetail: { code: 1, message }, error: message },
      ]),
    };
    const { code, stderr } = await build();
    expect(code).toBe(1);
    expect(stderr).toContain(`#3 ERROR: ${message}\n`);
    expect(stderr.replace(/\d+\.\d{3}/g, 'T')).toContain(
      '------\n > [2/2] RUN echo "hi":\nT something broke\n------\n',
    );
    expect(stderr.endsWith(`ERROR: failed to build: ${message}\n`)).toBe(true);
  });
});

describe('build context --list', () => {
  const list = (...args: string[]) => runBerth(engine, ['build', 'context', '--list', ...args]);

  it('tells which files would be sent', async () => {
    const { code, stdout } = await list(join(folder, 'ctx'));
    expect(code).toBe(0);
    expect(stdout.split('\n').map((line) => line.trim().split(/\s+/).at(-1))).toEqual([
      '.dockerignore',
      'keep.log',
      'link',
      'sub/',
      'sub/a',
      '',
    ]);
    expect(engine.seen).toEqual([]);
  });

  it('--why names the rule of each', async () => {
    const { stdout } = await list('--why', join(folder, 'ctx'));
    const rows = stdout.split('\n').map((line) => line.trim().split(/ {2,}|(?<=^[+-])\s+/));
    expect(rows).toContainEqual(['-', 'a.log', '.dockerignore:2: *.log']);
    expect(rows).toContainEqual(['+', 'keep.log', '.dockerignore:3: !keep.log']);
    expect(rows).toContainEqual(['-', 'sub/secret', '.dockerignore:4: sub/secret']);
    expect(rows).toContainEqual(['+', 'sub/a', 'no rule matches']);
  });

  it('lists a directory of the name context as well, and refuses archives and two directories', async () => {
    expect((await runBerth(engine, ['build', '--list', join(folder, 'ctx')])).stdout).toContain('keep.log');
    expect((await list('x', 'y')).stderr).toContain('takes one directory');
    expect((await runBerth(engine, ['build', '--list', '-'], { stdin: 'FROM scratch\n' })).stderr).toContain(
      'about a directory',
    );
    expect(existsSync(join(engine.folder, 'context'))).toBe(false);
  });
});
