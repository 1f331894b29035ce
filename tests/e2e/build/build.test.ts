import { execFileSync, spawn } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type BuildPlace, openBuildPlace } from '../../support/build-place.ts';
import { clientProgram } from '../../support/client.ts';
import { run } from '../../support/docker.ts';
import { type GitServer, startGitServer } from '../../support/git.ts';
import { readEntries, tar } from '../../support/tar.ts';

let place: BuildPlace;
let engine: BuildPlace['engine'];
let folder: string;
let client: BuildPlace['client'];
let ok: BuildPlace['ok'];
let context: BuildPlace['context'];
beforeAll(async () => {
  place = await openBuildPlace();
  ({ engine, folder, client, ok, context } = place);
});
afterAll(() => place?.[Symbol.asyncDispose]());

const shown = async (image: string, ...command: string[]) =>
  (await ok(['run', '--rm', '--network', 'none', image, ...command])).stdout;

describe('a build by both clients', () => {
  const normal = (text: string) =>
    text
      .replace(/DEPRECATED[\s\S]*?\n\n/, '')
      .replace(/Running in [0-9a-f]{12}|container [0-9a-f]{12}/g, (all) => all.replace(/[0-9a-f]{12}/, 'ID'));

  it('prints the classic stream, alike to the byte but for the ids of containers', async () => {
    const path = context({
      Dockerfile:
        'FROM busybox\nARG WHO=you\nENV GREETING="hello $WHO"\nRUN echo "$GREETING"\nCOPY . /app/\nWORKDIR /app\nCMD ["cat", "file"]\n',
      file: 'content\n',
    });
    const build = (name: 'berth' | 'docker', ...more: string[]) =>
      ok(['build', '--no-cache', '-t', `classic-${name}`, ...more, path], {
        client: name,
        env: { DOCKER_BUILDKIT: '0' },
      });
    const theirs = normal((await build('docker')).stdout);
    const ours = normal((await build('berth')).stdout);
    const ids = (text: string) => text.replace(/ ---> [0-9a-f]{12}|built [0-9a-f]{12}|classic-\w+/g, 'X');
    expect(ids(ours)).toBe(ids(theirs));
    expect(ours).toMatch(
      /^Sending build context to Docker daemon {2}3\.072kB\r\r\nStep 1\/7 : FROM busybox\n ---> [0-9a-f]{12}\n/,
    );
    expect(ours).toContain('Step 4/7 : RUN echo "$GREETING"\n ---> Running in ID\nhello you\n');
    expect(ours).toMatch(/Successfully built [0-9a-f]{12}\nSuccessfully tagged classic-berth:latest\n$/);
    const again = await ok(['build', '-t', 'classic-again', path], { env: { DOCKER_BUILDKIT: '0' } });
    expect(again.stdout.match(/ ---> Using cache\n/g)).toHaveLength(6);
    expect(await shown('classic-berth')).toBe('content\n');
  });

  it.each(['berth', 'docker'] as const)('%s: a step that fails gives its exit code', async (name) => {
    const path = context({ Dockerfile: 'FROM busybox\nRUN echo before && exit 7\n' });
    const { code, stdout, stderr } = await client(['build', path], { client: name, env: { DOCKER_BUILDKIT: '0' } });
    expect([code, normal(stderr)]).toEqual([
      7,
      "The command '/bin/sh -c echo before && exit 7' returned a non-zero code: 7\n",
    ]);
    expect(stdout).toContain('before\n');
  });

  it.each(['berth', 'docker'] as const)(
    '%s: a mistake in the Dockerfile is told before anything runs',
    async (name) => {
      const path = context({ Dockerfile: 'FROM busybox\nRUM echo\n' });
      const { code, stderr } = await client(['build', path], { client: name, env: { DOCKER_BUILDKIT: '0' } });
      expect(code).toBe(1);
      expect(stderr).toContain('dockerfile parse error on line 2: unknown instruction: RUM (did you mean RUN?)');
    },
  );

  it.each(['berth', 'docker'] as const)('%s: quiet, with an id file', async (name) => {
    const path = context({ Dockerfile: `FROM busybox\nLABEL by=${name}\n` });
    const iid = join(folder, `iid-${name}`);
    const { stdout } = await ok(['build', '-q', '--iidfile', iid, path], {
      client: name,
      env: { DOCKER_BUILDKIT: '0' },
    });
    expect(stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    expect(readFileSync(iid, 'utf8').trim()).toBe(stdout.trim());
  });

  it.each(['berth', 'docker'] as const)('context/-: %s: a Dockerfile, or an archive, from stdin', async (name) => {
    await ok(['build', '-t', `stdin-${name}`, '-'], { client: name, input: `FROM busybox\nRUN echo ${name} > /x\n` });
    expect(await shown(`stdin-${name}`, 'cat', '/x')).toBe(`${name}\n`);
    const archive = tar([
      { path: 'sub/Docker.file', content: 'FROM busybox\nCOPY sub/a /a\n' },
      { path: 'sub/a', content: `of ${name}` },
    ]);
    await ok(['build', '-t', `tar-${name}`, '-f', 'sub/Docker.file', '-'], { client: name, input: archive });
    expect(await shown(`tar-${name}`, 'cat', '/a')).toBe(`of ${name}`);
  });

  it.each(['berth', 'docker'] as const)('%s: a Dockerfile outside of the context, and one from stdin', async (name) => {
    const path = context({ a: 'inside\n', '.dockerignore': 'b\n', b: 'ignored' });
    writeFileSync(join(folder, 'Outside'), 'FROM busybox\nCOPY . /app\nRUN ls -A /app\n');
    await ok(['build', '-t', `outside-${name}`, '-f', 'Outside', path], { client: name });
    const input = `FROM busybox\nLABEL of=${name}\nCOPY . /app\n`;
    await ok(['build', '-t', `typed-${name}`, '-f', '-', path], { client: name, input });
    expect(await shown(`typed-${name}`, 'ls', '-A', '/app')).toContain('a\n');
    expect(await shown(`outside-${name}`, 'cat', '/app/a')).toBe('inside\n');
    expect(await shown(`outside-${name}`, 'ls', '/app')).not.toContain('b\n');
  });
});

describe('contexts', () => {
  const transferred = (stderr: string) => /transferring context(?:: (\S+))?/.exec(stderr)?.[1] ?? '0B';

  it('context/path: what has not changed is not sent again, and what the build does not ask for is not sent at all', async () => {
    const big = 'x'.repeat(300_000);
    const path = context({
      Dockerfile: 'FROM busybox\nCOPY src /src\n',
      'src/a': big,
      'src/b': 'b',
      'other/huge': 'y'.repeat(400_000),
    });
    const build = () => ok(['build', '--progress=plain', '-t', 'sent', path]);
    const first = await build();
    expect(transferred(first.stderr)).toMatch(/^300(?:\.\d)?kB$/);
    expect(transferred((await build()).stderr)).toBe('0B');
    writeFileSync(join(path, 'src/b'), 'changed');
    const third = await build();
    expect(transferred(third.stderr)).toBe('7B');
    expect(await shown('sent', 'cat', '/src/b')).toBe('changed');
    expect(await shown('sent', 'wc', '-c', '/src/a')).toContain('300000');
  });

  it('links out of the context stay links in the image; nothing of this machine comes in by them', async () => {
    const path = context({ Dockerfile: 'FROM busybox\nCOPY . /app\n' });
    writeFileSync(join(folder, 'canary'), 'secret of the host');
    symlinkSync(join(folder, 'canary'), join(path, 'link'));
    symlinkSync('../..', join(path, 'up'));
    await ok(['build', '-t', 'links', path]);
    expect(await shown('links', 'readlink', '/app/link')).toBe(`${join(folder, 'canary')}\n`);
    const direct = context({ Dockerfile: 'FROM busybox\nCOPY link /x\n' });
    symlinkSync(join(folder, 'canary'), join(direct, 'link'));
    const { code, stderr } = await client(['build', direct]);
    expect([code, stderr]).toEqual([1, expect.stringMatching(/not found|does not exist/)]);
  });

  it('modes and times of files come through', async () => {
    const path = context({
      Dockerfile: 'FROM busybox\nCOPY run.sh /\nRUN /run.sh\n',
      'run.sh': '#!/bin/sh\necho ran\n',
    });
    chmodSync(join(path, 'run.sh'), 0o750);
    const { stderr } = await ok(['build', '-t', 'modes', path]);
    expect(stderr).toContain(' ran\n');
    expect(await shown('modes', 'stat', '-c', '%a %u %Y', '/run.sh')).toBe(
      `750 0 ${Math.floor(statSync(join(path, 'run.sh')).mtimeMs / 1000)}\n`,
    );
  });

  it('context/named: more contexts by name, and images and stages under names', async () => {
    const other = context({ file: 'of the other\n' });
    const path = context({ Dockerfile: 'FROM base\nCOPY --from=other file /file\n' });
    await ok([
      'build',
      '-t',
      'named',
      '--build-context',
      `other=${other}`,
      '--build-context',
      'base=docker-image://busybox',
      path,
    ]);
    expect(await shown('named', 'cat', '/file')).toBe('of the other\n');
  });

  it('context/git: a context of Git, by the client and by the engine', async () => {
    await using git: GitServer = await startGitServer();
    const repository = git.repository('app');
    mkdirSync(join(repository.folder, 'sub'));
    writeFileSync(join(repository.folder, 'sub/Dockerfile'), 'FROM busybox\nCOPY . /app\n');
    writeFileSync(join(repository.folder, 'sub/file'), 'of git\n');
    repository.git('add', '.');
    repository.git('commit', '-qm', 'one');
    repository.publish();
    await ok(['build', '-t', 'git-client', `${git.url('app')}#main:sub`]);
    expect(await shown('git-client', 'cat', '/app/file')).toBe('of git\n');
    const remote = encodeURIComponent(`${git.url('app')}#main:sub`);
    const answer = await engine.request('POST', `/build?t=git-engine&remote=${remote}`);
    expect(answer.text).toContain('Successfully tagged git-engine:latest');
    expect(await shown('git-engine', 'cat', '/app/file')).toBe('of git\n');
  });

  it('args/BUILDKIT_CONTEXT_KEEP_GIT_DIR: the client keeps .git when it is told to', async () => {
    await using git: GitServer = await startGitServer();
    const repository = git.repository('kept');
    writeFileSync(join(repository.folder, 'Dockerfile'), 'FROM busybox\nCOPY . /app\n');
    repository.git('add', '.');
    repository.git('commit', '-qm', 'one');
    repository.publish();
    await ok(['build', '-t', 'git-kept', '--build-arg', 'BUILDKIT_CONTEXT_KEEP_GIT_DIR=1', git.url('kept')]);
    expect(await shown('git-kept', 'ls', '-A', '/app')).toBe('.git\nDockerfile\n');
  });
});

describe('secrets and agents', () => {
  it('a secret is seen by its step alone, and by nothing else', async () => {
    const path = context({
      Dockerfile:
        'FROM busybox\nRUN --mount=type=secret,id=a cat /run/secrets/a | tr a-z A-Z && ls /run\nRUN ls -A /run/secrets 2>/dev/null | wc -l\n',
    });
    writeFileSync(join(folder, 'token'), 'sesame-of-a-file');
    const { stderr } = await ok(['build', '--progress=plain', '-t', 'secret', '--secret', 'id=a,src=token', path]);
    expect(stderr).toContain('SESAME-OF-A-FILE');
    const inspected = (await ok(['inspect', 'secret'])).stdout + (await ok(['history', '--no-trunc', 'secret'])).stdout;
    expect(inspected).not.toContain('sesame');
    expect(engine.output()).not.toContain('sesame');
  });

  it('mount/ssh, mount/ssh/id: keys are used and never seen', async () => {
    const key = join(folder, 'key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', 'of a test', '-f', key]);
    const program = `FROM busybox\nRUN --mount=type=ssh printf '\\0\\0\\0\\1\\13' | nc -w 5 local:$SSH_AUTH_SOCK | od -c | head -20; test -S "$SSH_AUTH_SOCK" && echo is a socket\n`;
    const path = context({ Dockerfile: program });
    const { stderr } = await ok(['build', '--progress=plain', '-t', 'ssh', '--ssh', `default=${key}`, path]);
    expect(stderr).toContain('is a socket');
  });

  it('mount/ssh/target, mount/ssh/mode, mount/ssh/uid, mount/ssh/gid: the socket is where and whose it is told to be', async () => {
    const key = join(folder, 'other-key');
    execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key]);
    const path = context({
      Dockerfile:
        'FROM busybox\nRUN --mount=type=ssh,id=mine,target=/run/a/s,mode=0640,uid=3,gid=4 echo $SSH_AUTH_SOCK $(stat -c "%a %u:%g %F" /run/a/s)\n',
    });
    const { stderr } = await ok(['build', '--progress=plain', '-t', 'ssh2', '--ssh', `mine=${key}`, path]);
    expect(stderr).toContain('/run/a/s 640 3:4 socket');
  });
});

describe('outputs', () => {
  let path: string;
  beforeAll(() => {
    path = context({
      Dockerfile: 'FROM busybox AS made\nRUN mkdir /d && echo made > /d/file\nFROM scratch\nCOPY --from=made /d /\n',
    });
  });

  it('the files of the last stage, in a directory or as a tar', async () => {
    const before = (await ok(['ps', '-aq'])).stdout;
    await ok(['build', '-o', 'out', path]);
    expect(readdirSync(join(folder, 'out'))).toEqual(['file']);
    expect(readFileSync(join(folder, 'out/file'), 'utf8')).toBe('made\n');
    await ok(['build', '--output', 'type=tar,dest=out.tar', path]);
    expect(readEntries(readFileSync(join(folder, 'out.tar'))).map(({ path: name }) => name)).toEqual(['file']);
    expect((await ok(['ps', '-aq'])).stdout).toBe(before);
  });

  it('an archive of the image that can be loaded again, with both layouts', async () => {
    await ok(['build', '-t', 'archived', '--output', 'type=oci,dest=image.tar', path]);
    const names = readEntries(readFileSync(join(folder, 'image.tar'))).map(({ path: name }) => name);
    expect(names).toEqual(expect.arrayContaining(['index.json', 'oci-layout', 'manifest.json']));
    expect((await ok(['load', '-i', 'image.tar'])).stdout).toMatch(/Loaded image/);
  });

  it('metadata for programs', async () => {
    await ok(['build', '-t', 'meta', '--metadata-file', 'meta.json', path]);
    const metadata: unknown = JSON.parse(readFileSync(join(folder, 'meta.json'), 'utf8'));
    const [image] = JSON.parse((await ok(['inspect', 'meta'])).stdout) as { Id: string }[];
    expect(metadata).toMatchObject({
      'containerimage.config.digest': image?.Id,
      'image.name': 'docker.io/library/meta:latest',
    });
  });
});

describe('views', () => {
  it('--explain names what changed', async () => {
    const path = context({ Dockerfile: 'FROM busybox\nARG V\nCOPY a /a\nRUN echo $V\n', a: '1' });
    const build = (...args: string[]) => ok(['build', '--explain', '-t', 'explained', ...args, path]);
    await build('--build-arg', 'V=1');
    expect((await build('--build-arg', 'V=1')).stderr).toContain('3 of 3 steps came from the cache');
    writeFileSync(join(path, 'a'), '2');
    expect((await build('--build-arg', 'V=1')).stderr).toMatch(/COPY a \/a\n.*line 3: .*\ba\b/);
    expect((await build('--build-arg', 'V=2')).stderr).toMatch(/RUN echo \$V\n.*line 4: .*\bV\b/);
    const quiet = await build('-q', '--build-arg', 'V=3');
    expect(quiet.stdout).toMatch(/^sha256:[0-9a-f]{64}\n$/);
    expect(quiet.stderr).toMatch(/RUN echo \$V\n.*line 4: .*\bV\b/);
  });

  it('on a terminal each step has a line that is redrawn', async () => {
    const path = context({
      Dockerfile:
        'FROM busybox AS a\nRUN echo one; sleep 0.5\nFROM busybox AS b\nRUN echo two; sleep 0.5\nFROM a\nCOPY --from=b /etc/passwd /p\n',
    });
    const line = `stty cols 60 rows 20; ${clientProgram('berth')} build --no-cache -t live ${path}`;
    const env = { DOCKER_HOST: engine.host, TERM: 'xterm', HOME: folder };
    const { stdout } = await run('script', ['--quiet', '--return', '--command', line, '/dev/null'], { env });
    expect(stdout).toMatch(/\[\+\] Building \d+\.\ds \(\d+\/\d+\)/);
    expect(stdout).toContain('FINISHED');
    expect(stdout).toMatch(/ => => # (?:one|two)/);
    expect(stdout.split('\u001b[?25h')).toHaveLength(2);
    const dumb = await run('script', ['--quiet', '--return', '--command', line, '/dev/null'], {
      env: { ...env, TERM: 'dumb' },
    });
    expect(dumb.stdout).not.toContain('\u001b[');
    expect(dumb.stdout).toMatch(/#\d+ \[/);
  });

  it('a client that is interrupted ends its build', async () => {
    const path = context({ Dockerfile: 'FROM busybox\nRUN echo begun && sleep 1000\n' });
    const child = spawn(clientProgram('berth'), ['build', '--progress=plain', path], {
      env: { ...process.env, DOCKER_HOST: engine.host, HOME: folder },
      stdio: ['ignore', 'ignore', 'pipe'],
    });
    let said = '';
    child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
    await expect.poll(() => said, { timeout: 30_000 }).toMatch(/ begun\n/);
    child.kill('SIGINT');
    await expect.poll(async () => (await client(['ps', '-q'])).stdout, { timeout: 30_000 }).toBe('');
    expect(existsSync(path)).toBe(true);
  });
});

describe('the cache', () => {
  it.each(['berth', 'docker'] as const)('%s: builder prune frees what no image needs', async (name) => {
    const path = context({ Dockerfile: `FROM busybox\nRUN echo ${name}-of-the-cache > /x\n` });
    await ok(['build', '-t', 'cached', path]);
    expect((await ok(['builder', 'du'])).stdout).toContain('of-the-cache');
    await ok(['rmi', 'cached']);
    const { stdout } = await ok(['builder', 'prune', '--all', '--force'], { client: name });
    expect(stdout).toMatch(/Total reclaimed space: [\d.]+\w?B\n$/);
    expect((await ok(['builder', 'du'])).stdout).not.toContain('of-the-cache');
  });
});
