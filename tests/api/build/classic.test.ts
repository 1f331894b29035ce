// POST /build as every SDK uses it: the classic stream, history, intermediate images, cache.
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { build, withoutIds } from '../../support/builds.ts';
import { type Containers, startContainers } from '../../support/containers.ts';

let c: Containers;
beforeAll(async () => {
  c = await startContainers();
});
afterAll(() => c.engine.stop());

const DOCKERFILE = `FROM busybox:test
ARG V=1
ENV A=b
RUN echo said $V $A && echo $V > /f
WORKDIR /app
COPY src/ ./
EXPOSE 80
CMD ["cat", "/f"]
`;
const FILES = { Dockerfile: DOCKERFILE, 'src/x': 'content of x' };

interface HistoryItem {
  Id: string;
  CreatedBy: string;
  Size: number;
}
interface Listed {
  Id: string;
  ParentId: string;
  RepoTags: string[] | null;
}

describe('the classic stream', () => {
  test('each step is shown, then the image and its name', async () => {
    const built = await build(c, FILES, { t: 'stream:1' });
    expect(withoutIds(built.text)).toBe(
      [
        'Step 1/8 : FROM busybox:test',
        ' ---> ID',
        'Step 2/8 : ARG V=1',
        ' ---> Running in ID',
        'Removing intermediate container ID',
        ' ---> ID',
        'Step 3/8 : ENV A=b',
        ' ---> Running in ID',
        'Removing intermediate container ID',
        ' ---> ID',
        'Step 4/8 : RUN echo said $V $A && echo $V > /f',
        ' ---> Running in ID',
        'said 1 b',
        'Removing intermediate container ID',
        ' ---> ID',
        'Step 5/8 : WORKDIR /app',
        ' ---> Running in ID',
        'Removing intermediate container ID',
        ' ---> ID',
        'Step 6/8 : COPY src/ ./',
        ' ---> ID',
        'Step 7/8 : EXPOSE 80',
        ' ---> Running in ID',
        'Removing intermediate container ID',
        ' ---> ID',
        'Step 8/8 : CMD ["cat", "/f"]',
        ' ---> Running in ID',
        'Removing intermediate container ID',
        ' ---> ID',
        'Successfully built ID',
        'Successfully tagged stream:1',
        '',
      ].join('\n'),
    );
    expect(built.id).toMatch(/^sha256:[0-9a-f]{64}$/);
  });

  test('a second build takes every step from the cache and is the same image', async () => {
    const first = await build(c, FILES, { t: 'again:1' });
    const second = await build(c, FILES, { t: 'again:2' });
    expect(second.id).toBe(first.id);
    expect(second.text.match(/---> Using cache/g)).toHaveLength(7);
    expect(second.text).not.toContain('Running in');
  });

  test('what was built runs, and has what the steps made', async () => {
    await build(c, FILES, { t: 'runs:1' });
    expect((await c.run(null, { Image: 'runs:1' })).stdout).toBe('1\n');
    expect((await c.run(['sh', '-c', 'pwd; cat x; echo $A'], { Image: 'runs:1' })).stdout).toBe(
      '/app\ncontent of xb\n',
    );
  });

  test('history has each instruction with its size, and each step is an image of its own', async () => {
    const { id } = await build(c, FILES, { t: 'history:1' });
    const history = (await c.ask('GET', '/images/history:1/history')).json<HistoryItem[]>();
    expect(history.map(({ CreatedBy, Size }) => [CreatedBy.replace(/:[0-9a-f]{64}/, ':HASH'), Size])).toEqual([
      ['/bin/sh -c #(nop)  CMD ["cat" "/f"]', 0],
      [expect.stringMatching(/^\/bin\/sh -c #\(nop\) {2}EXPOSE /), 0],
      ['/bin/sh -c #(nop) COPY dir:HASH in /app/ ', 12],
      ['/bin/sh -c #(nop) WORKDIR /app', 0],
      ['|1 V=1 /bin/sh -c echo said $V $A && echo $V > /f', 2],
      ['/bin/sh -c #(nop)  ENV A=b', 0],
      ['/bin/sh -c #(nop)  ARG V=1', 0],
      ['made for a test', expect.any(Number)],
    ]);
    const all = (await c.ask('GET', '/images/json?all=1')).json<Listed[]>();
    const byId = new Map(all.map((image) => [image.Id, image]));
    const chain = [id];
    for (let parent = byId.get(id)?.ParentId; parent; parent = byId.get(parent)?.ParentId) chain.push(parent);
    expect(chain).toHaveLength(8);
    const listed = (await c.ask('GET', '/images/json')).json<Listed[]>().map(({ Id }) => Id);
    expect(listed).toContain(id);
    expect(listed).not.toContain(chain[1]);
  });
});

describe('failures', () => {
  test('RUN/rule-1: a command that fails ends the build with its code', async () => {
    const before = (await c.ask('GET', '/containers/json?all=1')).json();
    const built = await build(
      c,
      { Dockerfile: 'FROM busybox:test\nRUN echo before; exit 7\nRUN echo never\n' },
      { forcerm: '1' },
    );
    expect(built).toMatchObject({
      status: 200,
      code: 7,
      error: "The command '/bin/sh -c echo before; exit 7' returned a non-zero code: 7",
    });
    expect(built.text).toContain('before\n');
    expect(built.text).not.toContain('never');
    expect((await c.ask('GET', '/containers/json?all=1')).json()).toEqual(before);
  });

  test('a Dockerfile that cannot be read is refused before anything is done', async () => {
    const built = await build(c, { Dockerfile: 'FROM busybox:test\nRUM echo\n' });
    expect(built.status).toBe(400);
    expect(built.error).toContain('dockerfile parse error on line 2: unknown instruction: RUM (did you mean RUN?)');
  });

  test('no Dockerfile in the context', async () => {
    expect(await build(c, { other: 'x' })).toMatchObject({
      status: 400,
      error: 'Cannot locate specified Dockerfile: Dockerfile',
    });
  });

  test('COPY/rule-7: what is to be copied is not there', async () => {
    const built = await build(c, { Dockerfile: 'FROM busybox:test\nCOPY missing /\n' });
    expect(built.error).toBe(
      'COPY failed: file not found in build context or excluded by .dockerignore: stat missing: file does not exist',
    );
  });
});

test('quiet says the id alone', async () => {
  const built = await build(c, FILES, { t: 'quiet:1', q: '1' });
  expect(built.text).toMatch(/^sha256:[0-9a-f]{64}\n$/);
});

test('a Dockerfile alone is a body too', async () => {
  const answer = await c.engine.request('POST', '/build?t=alone', { body: 'FROM busybox:test\nRUN echo alone\n' });
  expect(answer.text).toContain('Successfully tagged alone:latest');
});
