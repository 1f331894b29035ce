// What the rows of the language come to where a reader's tests cannot show it: seen from inside of the images.
import { execFileSync } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type BuildOutcome, build, outcomeOf } from '../../support/builds.ts';
import { type Containers, startContainers } from '../../support/containers.ts';
import { startGitServer } from '../../support/git.ts';
import { busyboxImage } from '../../support/images.ts';
import { type TarEntry, tar } from '../../support/tar.ts';

let c: Containers;
beforeAll(async () => {
  c = await startContainers({ images: [busyboxImage(['untagged:latest'])] });
});
afterAll(() => c.engine.stop());

type Files = Record<string, string | TarEntry>;
let serial = 0;

async function built(
  lines: string,
  files: Files = {},
  query: Record<string, string> = {},
): Promise<BuildOutcome & { tag: string }> {
  const tag = `language:${serial++}`;
  const outcome = await build(c, { Dockerfile: `FROM busybox:test\n${lines}\n`, ...files }, { t: tag, ...query });
  expect(outcome.error, lines).toBeUndefined();
  return { ...outcome, tag };
}

/** Output of a script in the image that the lines make. */
async function seen(lines: string, files: Files, script: string, query: Record<string, string> = {}): Promise<string> {
  return c.sh(script, { Image: (await built(lines, files, query)).tag });
}

/** Builds with a session of our own client. */
async function withSession(lines: string, session: object): Promise<BuildOutcome> {
  const { id } = (await c.ask('POST', '/berth/v1/build/sessions', session)).json<{ id: string }>();
  const answer = await c.engine.request('POST', `/build?${new URLSearchParams({ session: id })}`, {
    body: tar([{ path: 'Dockerfile', content: `FROM busybox:test\n${lines}\n` }]),
  });
  return outcomeOf(answer.status, answer.text);
}

/** Which steps of a second build came from the cache. */
function hits({ text }: BuildOutcome): number {
  return text.match(/---> Using cache/g)?.length ?? 0;
}

test('FROM/rule-3: without a tag it is latest', async () => {
  expect((await build(c, { Dockerfile: 'FROM untagged\nRUN true' })).error).toBeUndefined();
});

describe('the cache', () => {
  test('COPY/rule-6: content, mode and name count, times do not', async () => {
    const lines = 'COPY d /d';
    const file = (content: string, mode: number): Files => ({ f: { path: 'd/f', content, mode } });
    await built(lines, file('first', 0o644));
    expect(hits(await built(lines, file('first', 0o644)))).toBe(1);
    expect(hits(await built(lines, file('other', 0o644)))).toBe(0);
    expect(hits(await built(lines, file('first', 0o600)))).toBe(0);
    expect(hits(await built(lines, { f: { path: 'd/g', content: 'first' } }))).toBe(0);
  });

  test('ARG/rule-2, RUN/rule-2: a value counts from the first RUN behind its ARG on', async () => {
    const lines = 'RUN echo before\nARG V=1\nWORKDIR /between\nRUN echo $V';
    const pass = (V: string) => built(lines, {}, { buildargs: JSON.stringify({ V }) });
    await pass('1');
    expect(hits(await pass('1'))).toBe(4);
    expect(hits(await pass('2'))).toBe(3);
  });
});

describe('COPY and ADD', () => {
  test('COPY/--link, ADD/--link: links of the destination are not followed', async () => {
    const script = 'cat /l/f; test -L /l && echo link; ls /real';
    const prepare = 'RUN mkdir /real && ln -s /real /l';
    expect(await seen(`${prepare}\nCOPY f /l/`, { f: 'x' }, script)).toBe('xlink\nf');
    for (const word of ['COPY', 'ADD']) {
      expect(await seen(`${prepare}\n${word} --link f /l/`, { f: 'x' }, script)).toBe('x');
    }
  });

  test('ADD/--chown, ADD/--chmod, ADD/--exclude: as with COPY', async () => {
    const files: Files = { 'd/a.txt': '1', 'd/b.md': '2' };
    const lines = 'ADD --chown=5:6 --chmod=600 --exclude=**/*.md d /x';
    expect(await seen(lines, files, 'ls /x; stat -c "%a %u:%g" /x/a.txt')).toBe('a.txt\n600 5:6');
  });

  test('ADD/--keep-git-dir, ADD/--checksum: a repository, with or without .git', async () => {
    await using server = await startGitServer();
    const repository = server.repository('some');
    execFileSync('sh', ['-c', 'echo content > f'], { cwd: repository.folder });
    repository.git('add', 'f');
    repository.git('commit', '-qm', 'one');
    repository.publish();
    const commit = repository.git('rev-parse', 'HEAD').trim();
    const url = server.url('some');
    expect(await seen(`ADD ${url} /r`, {}, 'ls -A /r')).toBe('f');
    expect(await seen(`ADD --keep-git-dir=true ${url} /r`, {}, 'ls -A /r')).toBe('.git\nf');
    expect(await seen(`ADD --checksum=${commit} ${url} /r`, {}, 'cat /r/f')).toBe('content');
    const wrong = await build(c, { Dockerfile: `FROM busybox:test\nADD --checksum=${'0'.repeat(40)} ${url} /r` });
    expect(wrong.error).toContain('expected checksum to match');
  });
});

describe('mounts', () => {
  test('mount/cache/from, mount/cache/source, mount/cache/readonly, mount/cache/gid: a cache begins as what it is from', async () => {
    const stage = 'RUN mkdir -p /s/sub && echo seed > /s/sub/f\nFROM busybox:test';
    const { text } = await built(
      `${stage}
RUN --mount=type=cache,id=seeded,target=/c,from=0,source=/s/sub cat /c/f && echo more > /c/g
RUN --mount=type=cache,id=seeded,target=/c,from=0,source=/s/sub,ro ls /c && ! touch /c/h 2>/dev/null && echo not written
RUN --mount=type=cache,target=/own,uid=3,gid=4,mode=0700 stat -c "%a %u:%g" /own`,
    );
    expect(text).toContain('seed\n');
    expect(text).toContain('f\ng\nnot written\n');
    expect(text).toContain('700 3:4\n');
  });

  test('mount/tmpfs/size: holds', async () => {
    const { text } = await built(
      'RUN --mount=type=tmpfs,target=/t,size=1m ! dd if=/dev/zero of=/t/f bs=1M count=2 2>&1; df -k /t | tail -n1',
    );
    expect(text).toContain('No space left');
    expect(text).toMatch(/1024 +1024 +0 100%/);
  });

  test('mount/secret/target, mount/secret/mode, mount/secret/uid, mount/secret/gid: where and whose it is', async () => {
    const secrets = { s: Buffer.from('value').toString('base64') };
    const { text, error } = await withSession(
      'RUN --mount=type=secret,id=s,target=/etc/deep/s,mode=0440,uid=1,gid=2 wc -c < /etc/deep/s && stat -c "%a %u:%g" /etc/deep/s\nWORKDIR /w\nRUN --mount=type=secret,id=s,target=here wc -c < /w/here',
      { secrets },
    );
    expect(error).toBeUndefined();
    expect(text).toContain('5\n440 1:2\n');
    expect(text.match(/^5$/gm)?.length).toBe(2);
  });

  test('mount/ssh/required: an agent that is not there is an error only when it must be', async () => {
    expect((await build(c, { Dockerfile: 'FROM busybox:test\nRUN --mount=type=ssh true' })).error).toBeUndefined();
    const { error } = await build(c, { Dockerfile: 'FROM busybox:test\nRUN --mount=type=ssh,required true' });
    expect(error).toMatch(/ssh|agent/i);
  });
});

describe('surroundings', () => {
  test('default/hostname, args/BUILDKIT_SANDBOX_HOSTNAME: of steps as BuildKit has them, or as it is told', async () => {
    expect((await built('RUN hostname', {}, { version: '2' })).text).toContain('\nbuildkitsandbox\n');
    const buildargs = JSON.stringify({ BUILDKIT_SANDBOX_HOSTNAME: 'told' });
    expect((await built('RUN echo I am $(hostname)', {}, { buildargs })).text).toContain('I am told\n');
  });

  test('args/BUILDKIT_CACHE_MOUNT_NS: keeps caches of one id apart', async () => {
    const step = (text: string, ns?: string) =>
      built(
        `RUN --mount=type=cache,id=ns,target=/c echo ${text} >> /c/f && cat /c/f`,
        {},
        ns === undefined ? {} : { buildargs: JSON.stringify({ BUILDKIT_CACHE_MOUNT_NS: ns }) },
      );
    await step('plain');
    expect((await step('first', 'n')).text).not.toContain('plain\n');
    expect((await step('second', 'n')).text).toContain('first\nsecond\n');
  });

  test('ARG/rule-1: what nobody declares is told, also what does nothing here', async () => {
    const buildargs = JSON.stringify({ A: '1', NOBODY: '2', BUILDKIT_INLINE_CACHE: '1', http_proxy: '' });
    expect((await built('ARG A\nRUN true', {}, { buildargs })).text).toContain(
      '[Warning] One or more build-args [BUILDKIT_INLINE_CACHE NOBODY] were not consumed\nSuccessfully built',
    );
    expect((await built('RUN true', {}, {})).text).not.toContain('Warning');
  });

  test('args/BUILDKIT_CONTEXT_KEEP_GIT_DIR: a context of Git has its .git', async () => {
    await using server = await startGitServer();
    const repository = server.repository('context');
    execFileSync('sh', ['-c', 'printf "FROM busybox:test\\nCOPY . /c\\nRUN ls -A /c\\n" > Dockerfile'], {
      cwd: repository.folder,
    });
    repository.git('add', 'Dockerfile');
    repository.git('commit', '-qm', 'one');
    repository.publish();
    const ask = async (buildargs: object) => {
      const query = new URLSearchParams({ remote: server.url('context'), buildargs: JSON.stringify(buildargs) });
      const answer = await c.engine.request('POST', `/build?${query}`);
      return outcomeOf(answer.status, answer.text).text;
    };
    expect(await ask({ BUILDKIT_CONTEXT_KEEP_GIT_DIR: '1' })).toContain('\n.git\nDockerfile\n');
    expect(await ask({})).not.toContain('\n.git\n');
  });

  test('entitlement/device, RUN/--device: a device that nobody granted is refused', async () => {
    const { error } = await build(c, { Dockerfile: 'FROM busybox:test\nRUN --device=vendor.example/class=name true' });
    expect(error).toMatch(/device/);
  });

  test('RUN/--mount: several at once, in the order of their places', async () => {
    const { text } = await built(
      'RUN --mount=type=tmpfs,target=/a/b --mount=type=tmpfs,target=/a touch /a/x /a/b/y && find /a -type f | sort',
    );
    expect(text).toContain('/a/b/y\n/a/x\n');
  });
});
