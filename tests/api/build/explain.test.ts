// `build --explain`: the stated reason is right. Each row changes one thing of a build and says what has to be told of the
// first step that is built anew; '' where nothing may be built anew.
import type { BuildExplanation } from '@berth/contract';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { outcomeOf } from '../../support/builds.ts';
import { type Containers, startContainers } from '../../support/containers.ts';
import { busyboxImage, dockerArchive } from '../../support/images.ts';
import { type TarEntry, tar } from '../../support/tar.ts';

interface Build {
  lines: string[];
  files: Record<string, TarEntry>;
  query: Record<string, string>;
  session: Record<string, unknown>;
}

const file = (path: string, content: string, more: Partial<TarEntry> = {}): [string, TarEntry] => [
  path,
  { path, content, ...more },
];

const original = (): Build => ({
  lines: [
    'FROM explain:base AS tools',
    'RUN echo tool > /tool',
    'FROM explain:base',
    'ARG VERSION=1',
    'ENV MODE=prod',
    'WORKDIR /app',
    'COPY package.json main.sh ./',
    'RUN echo $VERSION > /version',
    'COPY src ./src',
    'COPY --from=tools /tool /tool',
    'LABEL owner=me',
    'USER nobody',
    'EXPOSE 80',
    'CMD ["sh", "main.sh"]',
  ],
  files: Object.fromEntries([
    file('package.json', '{}'),
    file('main.sh', 'echo', { mode: 0o755 }),
    file('src/a.js', 'a'),
    file('src/b.js', 'b'),
    file('src/lib/c.js', 'c'),
    file('src/lib/deep/d.js', 'd'),
    ['src/link', { path: 'src/link', link: 'a.js' }],
    ['src/dir', { path: 'src/dir', mode: 0o755 }],
    file('README.md', 'not copied'),
  ]),
  query: {},
  session: {},
});

type Change = (build: Build) => void;
const edit = (build: Build, path: string, change: Partial<TarEntry>) => Object.assign(build.files[path]!, change);
const line =
  (from: string, to: string): Change =>
  (build) => {
    const at = build.lines.indexOf(from);
    expect(at).toBeGreaterThan(0);
    build.lines[at] = to;
  };
const after =
  (before: string, added: string): Change =>
  (build) => {
    build.lines.splice(build.lines.indexOf(before) + 1, 0, added);
  };
const without =
  (gone: string): Change =>
  (build) => {
    build.lines.splice(build.lines.indexOf(gone), 1);
  };
const swap =
  (one: string, other: string): Change =>
  (build) => {
    const [a, b] = [build.lines.indexOf(one), build.lines.indexOf(other)];
    [build.lines[a], build.lines[b]] = [other, one];
  };

const COPY_TWO = 'COPY package.json main.sh ./';
const COPY_SRC = 'COPY src ./src';
const RUN = 'RUN echo $VERSION > /version';

/** What is changed; the line of the instruction that is built anew first; what is said of it. */
const MUTATIONS: [name: string, change: Change, step: string, reason: string][] = [
  ['nothing', () => undefined, '', ''],
  ['time of a file', (b) => edit(b, 'src/a.js', { mtime: 1_600_000_000 }), '', ''],
  ['time of a directory', (b) => edit(b, 'src/dir', { mtime: 1_600_000_000 }), '', ''],
  ['owner of a file of the context', (b) => edit(b, 'src/a.js', { uid: 1000, gid: 1000 }), '', ''],
  ['a file that nothing copies', (b) => edit(b, 'README.md', { content: 'changed' }), '', ''],
  ['a new file that nothing copies', (b) => Object.assign(b.files, Object.fromEntries([file('new', 'x')])), '', ''],
  ['a comment', (b) => void b.lines.splice(4, 0, '# why'), '', ''],
  ['an empty line', (b) => void b.lines.splice(4, 0, ''), '', ''],
  ['a build argument that nobody declares', (b) => Object.assign(b.query, { buildargs: '{"OTHER":"1"}' }), '', ''],
  ['another name of the image', () => undefined, '', ''],
  ['a secret', (b) => Object.assign(b.session, { secrets: { s: 'eA==' } }), '', ''],
  ['content', (b) => edit(b, 'src/a.js', { content: 'A' }), COPY_SRC, 'file src/a.js changed'],
  ['content of another file', (b) => edit(b, 'src/b.js', { content: 'B' }), COPY_SRC, 'file src/b.js changed'],
  ['content in a directory', (b) => edit(b, 'src/lib/c.js', { content: 'C' }), COPY_SRC, 'file src/lib/c.js changed'],
  [
    'content deep down',
    (b) => edit(b, 'src/lib/deep/d.js', { content: 'D' }),
    COPY_SRC,
    'file src/lib/deep/d.js changed',
  ],
  [
    'content of the first of two',
    (b) => edit(b, 'package.json', { content: '{"a":1}' }),
    COPY_TWO,
    'file package.json changed',
  ],
  ['content of the second of two', (b) => edit(b, 'main.sh', { content: 'echo 2' }), COPY_TWO, 'file main.sh changed'],
  ['content and time', (b) => edit(b, 'src/a.js', { content: 'Z', mtime: 5 }), COPY_SRC, 'file src/a.js changed'],
  ['content to nothing', (b) => edit(b, 'src/a.js', { content: '' }), COPY_SRC, 'file src/a.js changed'],
  ['content by its last byte', (b) => edit(b, 'main.sh', { content: 'ech0' }), COPY_TWO, 'file main.sh changed'],
  [
    'mode of a file',
    (b) => edit(b, 'src/a.js', { mode: 0o600 }),
    COPY_SRC,
    'the mode of file src/a.js changed from 0644 to 0600',
  ],
  [
    'a program that is none any more',
    (b) => edit(b, 'main.sh', { mode: 0o644 }),
    COPY_TWO,
    'the mode of file main.sh changed from 0755 to 0644',
  ],
  [
    'setuid',
    (b) => edit(b, 'main.sh', { mode: 0o4755 }),
    COPY_TWO,
    'the mode of file main.sh changed from 0755 to 4755',
  ],
  [
    'mode of a directory',
    (b) => edit(b, 'src/dir', { mode: 0o700 }),
    COPY_SRC,
    'the mode of file src/dir changed from 0755 to 0700',
  ],
  [
    'a new file',
    (b) => Object.assign(b.files, Object.fromEntries([file('src/z.js', 'z')])),
    COPY_SRC,
    'file src/z.js is new',
  ],
  [
    'a new file deep down',
    (b) => Object.assign(b.files, Object.fromEntries([file('src/lib/e.js', 'e')])),
    COPY_SRC,
    'file src/lib/e.js is new',
  ],
  [
    'a new empty directory',
    (b) => Object.assign(b.files, { 'src/e': { path: 'src/e' } }),
    COPY_SRC,
    'file src/e is new',
  ],
  ['a file that is gone', (b) => void delete b.files['src/b.js'], COPY_SRC, 'file src/b.js is gone'],
  ['a directory that is gone', (b) => void delete b.files['src/dir'], COPY_SRC, 'file src/dir is gone'],
  ['a link that is gone', (b) => void delete b.files['src/link'], COPY_SRC, 'file src/link is gone'],
  ['where a link leads', (b) => edit(b, 'src/link', { link: 'b.js' }), COPY_SRC, 'file src/link changed'],
  [
    'a link in the place of a file',
    (b) => Object.assign(b.files, { 'src/b.js': { path: 'src/b.js', link: 'a.js' } }),
    COPY_SRC,
    'file src/b.js changed',
  ],
  [
    'a renamed file',
    (b) => {
      delete b.files['src/a.js'];
      Object.assign(b.files, Object.fromEntries([file('src/a2.js', 'a')]));
    },
    COPY_SRC,
    'file src/a.js is gone',
  ],
  [
    'an ignore rule for a file',
    (b) => Object.assign(b.files, Object.fromEntries([file('.dockerignore', 'src/a.js\n')])),
    COPY_SRC,
    'file src/a.js is left out by the ignore rule "src/a.js"',
  ],
  [
    'an ignore rule with a pattern',
    (b) => Object.assign(b.files, Object.fromEntries([file('.dockerignore', '**/c.*\n')])),
    COPY_SRC,
    'file src/lib/c.js is left out by the ignore rule "**/c.*"',
  ],
  [
    'an ignore rule for a directory',
    (b) => Object.assign(b.files, Object.fromEntries([file('.dockerignore', 'src/lib\n')])),
    COPY_SRC,
    'file src/lib is left out by the ignore rule "src/lib"',
  ],
  [
    'an ignore rule for what nothing copies',
    (b) => Object.assign(b.files, Object.fromEntries([file('.dockerignore', 'README.md\n')])),
    '',
    '',
  ],
  [
    'an ignore rule that is taken back',
    (b) => Object.assign(b.files, Object.fromEntries([file('.dockerignore', 'src/a.js\n!src/a.js\n')])),
    '',
    '',
  ],
  [
    'an argument',
    (b) => Object.assign(b.query, { buildargs: '{"VERSION":"2"}' }),
    RUN,
    'argument VERSION changed from "1" to "2"',
  ],
  [
    'an argument that is empty',
    (b) => Object.assign(b.query, { buildargs: '{"VERSION":""}' }),
    RUN,
    'argument VERSION changed from "1" to ""',
  ],
  ['an argument as it was', (b) => Object.assign(b.query, { buildargs: '{"VERSION":"1"}' }), '', ''],
  [
    'the default of an argument',
    line('ARG VERSION=1', 'ARG VERSION=3'),
    'ARG VERSION=3',
    'the instruction changed: it was "ARG VERSION=1"',
  ],
  ['another argument', after('ARG VERSION=1', 'ARG MORE=x'), 'ARG MORE=x', 'the instruction is new'],
  [
    'a variable',
    line('ENV MODE=prod', 'ENV MODE=dev'),
    'ENV MODE=dev',
    'the instruction changed: it was "ENV MODE=prod"',
  ],
  [
    'the working directory',
    line('WORKDIR /app', 'WORKDIR /srv'),
    'WORKDIR /srv',
    'the instruction changed: it was "WORKDIR /app"',
  ],
  [
    'a command',
    line(RUN, 'RUN echo v$VERSION > /version'),
    'RUN echo v$VERSION > /version',
    `the instruction changed: it was ${JSON.stringify(RUN)}`,
  ],
  [
    'a space in a command',
    line(RUN, 'RUN echo  $VERSION > /version'),
    'RUN echo  $VERSION > /version',
    `the instruction changed: it was ${JSON.stringify(RUN)}`,
  ],
  [
    'the destination of a copy',
    line(COPY_SRC, 'COPY src ./source'),
    'COPY src ./source',
    `the instruction changed: it was ${JSON.stringify(COPY_SRC)}`,
  ],
  [
    'the owner of a copy',
    line(COPY_SRC, 'COPY --chown=7 src ./src'),
    'COPY --chown=7 src ./src',
    `the instruction changed: it was ${JSON.stringify(COPY_SRC)}`,
  ],
  [
    'a label',
    line('LABEL owner=me', 'LABEL owner=you'),
    'LABEL owner=you',
    'the instruction changed: it was "LABEL owner=me"',
  ],
  ['the user', line('USER nobody', 'USER root'), 'USER root', 'the instruction changed: it was "USER nobody"'],
  ['a port', line('EXPOSE 80', 'EXPOSE 81'), 'EXPOSE 81', 'the instruction changed: it was "EXPOSE 80"'],
  [
    'what is run',
    line('CMD ["sh", "main.sh"]', 'CMD ["sh"]'),
    'CMD ["sh"]',
    'the instruction changed: it was "CMD [\\"sh\\", \\"main.sh\\"]"',
  ],
  ['a new instruction in the middle', after('WORKDIR /app', 'RUN true'), 'RUN true', 'the instruction is new'],
  [
    'a new instruction at the end',
    after('CMD ["sh", "main.sh"]', 'STOPSIGNAL 9'),
    'STOPSIGNAL 9',
    'the instruction is new',
  ],
  [
    'an instruction that is gone',
    without('ENV MODE=prod'),
    'WORKDIR /app',
    'an instruction before it was removed: "ENV MODE=prod"',
  ],
  ['the last instruction gone', without('CMD ["sh", "main.sh"]'), '', ''],
  [
    'the order of two',
    swap('LABEL owner=me', 'EXPOSE 80'),
    'EXPOSE 80',
    'the order of the instructions changed: before it came "LABEL owner=me"',
  ],
  [
    'the order of two at the end',
    swap('USER nobody', 'EXPOSE 80'),
    'EXPOSE 80',
    'the order of the instructions changed: before it came "USER nobody"',
  ],
  [
    'what a stage makes',
    line('RUN echo tool > /tool', 'RUN echo other > /tool'),
    'RUN echo other > /tool',
    'the instruction changed: it was "RUN echo tool > /tool"',
  ],
  [
    '--no-cache',
    (b) => Object.assign(b.query, { nocache: '1' }),
    'RUN echo tool > /tool',
    'the cache is not to be used (--no-cache)',
  ],
  [
    '--no-cache-filter',
    (b) => Object.assign(b.session, { noCacheFilter: ['tools'] }),
    'RUN echo tool > /tool',
    'stage tools is to be built anew (--no-cache-filter)',
  ],
  [
    'the network of commands',
    (b) => Object.assign(b.query, { networkmode: 'none' }),
    'RUN echo tool > /tool',
    'network changed from "" to "none"',
  ],
];

let c: Containers;
const load = async (content: string) =>
  await c.engine.request('POST', '/images/load', {
    body: dockerArchive([busyboxImage(['explain:base'], { files: [{ path: 'etc/base', content }] })]),
  });
beforeAll(async () => {
  c = await startContainers();
  await load('one');
});
afterAll(() => c.engine.stop());

async function build({ lines, files, query, session }: Build, tag: string): Promise<BuildExplanation[]> {
  const body = { ...session, progress: true };
  const { id } = (await c.ask('POST', '/berth/v1/build/sessions', body)).json<{ id: string }>();
  const entries = [{ path: 'Dockerfile', content: lines.join('\n') }, ...Object.values(files)];
  const answer = await c.engine.request('POST', `/build?${new URLSearchParams({ ...query, t: tag, session: id })}`, {
    body: tar(entries),
  });
  const outcome = outcomeOf(answer.status, answer.text);
  expect(outcome.error).toBeUndefined();
  return outcome.messages.flatMap((message) =>
    message['id'] === 'berth.build.explain' ? [message['aux'] as BuildExplanation] : [],
  );
}

/** In the order of the Dockerfile, whichever stage was faster. */
const firstBuilt = (explained: BuildExplanation[]) =>
  explained.filter(({ cached }) => !cached).sort((a, b) => a.line - b.line)[0];

test.each(MUTATIONS)('%s', async (name, change, step, reason) => {
  const tag = `explain:${MUTATIONS.findIndex((row) => row[0] === name)}`;
  await build(original(), tag);
  const changed = original();
  change(changed);
  const found = firstBuilt(await build(changed, tag));
  expect([found?.instruction ?? '', found?.reason ?? '']).toEqual([step, reason]);
});

test('there are sixty of them', () => {
  expect(MUTATIONS.length).toBeGreaterThanOrEqual(60);
});

test('the base', async () => {
  await build(original(), 'explain:moved');
  await load('two');
  const explained = await build(original(), 'explain:moved');
  const reasons = explained.filter(({ line: at }) => at === 2 || at === 4).map(({ reason }) => reason);
  expect(reasons).toEqual([
    expect.stringMatching(/^the base image explain:base changed: [0-9a-f]{12} became [0-9a-f]{12}$/),
    expect.stringMatching(/^the base image explain:base changed: [0-9a-f]{12} became [0-9a-f]{12}$/),
  ]);
  await load('one');
});

test('what comes after a step that is built anew says so', async () => {
  await build(original(), 'explain:after');
  const changed = original();
  edit(changed, 'package.json', { content: '{"b":2}' });
  const explained = (await build(changed, 'explain:after')).sort((a, b) => a.line - b.line);
  const at = explained.findIndex(({ cached }) => !cached);
  expect(new Set(explained.slice(at + 1).map(({ reason }) => reason))).toEqual(
    new Set(['the step before it was built anew']),
  );
});

test('a first build', async () => {
  const fresh = original();
  fresh.lines[1] = 'RUN echo never seen > /tool';
  expect(firstBuilt(await build(fresh, 'explain:first'))?.reason).toBe('it was never built here under this name');
});
