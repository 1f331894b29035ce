// A supplied secret never ends up in what a build makes: layer, configuration, history; nor in the engine's rows.
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { outcomeOf } from '../../support/builds.ts';
import { type Containers, startContainers } from '../../support/containers.ts';
import { tar } from '../../support/tar.ts';

const SECRET = 'hunter2-is-the-secret';

let c: Containers;
beforeAll(async () => {
  c = await startContainers();
});
afterAll(() => c.engine.stop());

async function build(lines: string[], files: Record<string, string> = {}, query: Record<string, string> = {}) {
  const secrets = { token: Buffer.from(`${SECRET}\n`).toString('base64') };
  const { id } = (await c.ask('POST', '/berth/v1/build/sessions', { secrets })).json<{ id: string }>();
  const all = { Dockerfile: ['FROM busybox:test', ...lines].join('\n'), ...files };
  const answer = await c.engine.request('POST', `/build?${new URLSearchParams({ session: id, ...query })}`, {
    body: tar(Object.entries(all).map(([path, content]) => ({ path, content }))),
  });
  return outcomeOf(answer.status, answer.text);
}

const MOUNT = '--mount=type=secret,id=token';

test.each([
  ['a layer of RUN', [`RUN ${MOUNT} cp /run/secrets/token /etc/kept`], '/etc/kept of the layer of'],
  [
    'the middle of a large file',
    [`RUN ${MOUNT} (head -c 700001 /dev/zero; cat /run/secrets/token; head -c 900000 /dev/zero) > /big`],
    '/big of the layer of',
  ],
  ['a name', [`RUN ${MOUNT} touch /$(cat /run/secrets/token)`], `/${SECRET} of the layer of`],
  ['where a link leads', [`RUN ${MOUNT} ln -s $(cat /run/secrets/token) /l`], '/l of the layer of'],
  ['a variable that was expanded from it', [`RUN ${MOUNT},env=T echo $T > /t`], '/t of the layer of'],
  ['a copied file', ['COPY .env /app/'], '/app/.env of the layer of'],
  ['a file inside an instruction', [`COPY <<f /f\nkey=${SECRET}\nf`], '/f of the layer of'],
  ['a variable', [`ENV TOKEN=${SECRET}`], 'the history of'],
  ['a label', [`LABEL token=${SECRET}`], 'the history of'],
  ['the command', [`CMD echo ${SECRET}`], 'the history of'],
  ['a build argument', ['ARG T', 'RUN true $T'], 'the history of'],
])('%s', async (name, lines, where) => {
  const query: Record<string, string> = name === 'a build argument' ? { buildargs: JSON.stringify({ T: SECRET }) } : {};
  const { error, id } = await build([...lines, 'RUN echo after'], { '.env': `TOKEN=${SECRET}` }, query);
  const step = name === 'a build argument' ? lines[1]! : lines[0]!.split('\n')[0]!;
  expect(error).toBe(`secret token would be in ${where} this step: ${step}`);
  expect(id).toBe('');
  // Nor is it kept in the cache: the same again fails again.
  expect((await build(lines, { '.env': `TOKEN=${SECRET}` }, query)).error).toBe(error);
});

test('used and not kept', async () => {
  const { error } = await build([
    `RUN ${MOUNT} ${MOUNT},env=T test "$(echo $T)" = "$(cat /run/secrets/token)" && sleep 0.1`,
  ]);
  expect(error).toBeUndefined();
  for (const file of ['berth.db', 'berth.db-wal'])
    expect(readFileSync(join(c.engine.dataRoot, file)).includes(SECRET)).toBe(false);
});
