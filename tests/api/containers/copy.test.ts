import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Containers, startContainers } from '../../support/containers.ts';
import { run } from '../../support/docker.ts';
import { tar } from '../../support/tar.ts';

let containers: Containers;
let folder: string;
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'berth-copy-'));
  containers = await startContainers();
});
afterAll(async () => {
  await containers?.engine.stop();
  rmSync(folder, { recursive: true, force: true });
});

const archive = (id: string, path: string) => `/containers/${id}/archive?path=${encodeURIComponent(path)}`;
const put = (id: string, path: string, body: Buffer, query = '') =>
  containers.engine.request('PUT', `${archive(id, path)}${query}`, { body });

/** What a listing of an archive by GNU tar says. */
async function list(body: Buffer): Promise<string[]> {
  const { stdout } = await run('tar', ['-tf', '-'], { input: body });
  return stdout.split('\n').filter(Boolean);
}

async function statOf(id: string, path: string): Promise<Record<string, unknown>> {
  const answer = await containers.engine.request('HEAD', archive(id, path));
  expect(answer.status, path).toBe(200);
  const header = answer.headers['x-docker-container-path-stat'];
  return JSON.parse(Buffer.from(String(header), 'base64').toString());
}

describe.each(['running', 'stopped'])('%s', (how) => {
  let id: string;
  beforeAll(async () => {
    const made = await containers.create(['sleep', '1000']);
    id = made;
    if (how === 'running') await containers.ask('POST', `/containers/${id}/start`);
  });

  test('what is put in comes out', async () => {
    const put1 = await put(
      id,
      '/tmp',
      tar([{ path: 'a' }, { path: 'a/f', content: 'hello' }, { path: 'a/l', link: 'f' }]),
    );
    expect(put1.text).toBe('');
    expect(put1.status).toBe(200);
    const got = await containers.ask('GET', archive(id, '/tmp/a'));
    expect(await list(got.body)).toEqual(['a/', 'a/f', 'a/l']);
    expect((await containers.ask('GET', archive(id, '/tmp/a/f'))).body.includes('hello')).toBe(true);
    expect(await list((await containers.ask('GET', archive(id, '/tmp/a/.'))).body)).toEqual(['./', './f', './l']);
    expect(await statOf(id, '/tmp/a/l')).toMatchObject({ name: 'l', linkTarget: '/tmp/a/f' });
    expect(await statOf(id, '/tmp/a/')).toMatchObject({ name: 'a', mode: 2 ** 31 + 0o755 });
  });
});

test('a path must be named; events; statuses of what is not there', async () => {
  const id = await containers.create(['true']);
  for (const method of ['GET', 'PUT', 'HEAD']) {
    expect((await containers.engine.request(method, `/containers/${id}/archive`)).status, method).toBe(400);
    expect((await containers.engine.request(method, archive('nobody', '/x'))).status, method).toBe(404);
    expect((await containers.engine.request(method, archive(id, '/no/where'))).status, method).toBe(404);
  }
  expect(await containers.refusal('GET', `/containers/${id}/archive`)).toBe('400 bad parameter: path cannot be empty');
  expect(await containers.refusal('PUT', archive(id, '/etc/passwd'))).toBe('400 extraction point is not a directory');
  expect(await containers.refusal('GET', archive(id, '/etc/passwd/x'))).toBe(
    '400 lstat /etc/passwd/x: not a directory',
  );
  expect((await put(id, '/tmp', tar([{ path: 'f', content: 'x' }]))).status).toBe(200);
  await containers.ask('GET', archive(id, '/tmp/f'));
  expect(await containers.events(id)).toEqual(['create', 'extract-to-dir', 'archive-path']);
});

test('noOverwriteDirNonDir: a file takes the place of a directory only where that is not forbidden', async () => {
  const id = await containers.create(['true']);
  await put(id, '/tmp', tar([{ path: 'd' }, { path: 'd/inside', content: 'x' }]));
  const file = tar([{ path: 'd', content: 'file' }]);
  const refused = await put(id, '/tmp', file, '&noOverwriteDirNonDir=true');
  expect(refused.text).toContain('cannot overwrite directory \\"/tmp/d\\" with non-directory \\"/tmp\\"');
  expect((await put(id, '/tmp', file, '&noOverwriteDirNonDir=0')).status).toBe(200);
  expect(await statOf(id, '/tmp/d')).toMatchObject({ mode: 0o644, size: 4 });
});

test('copyUIDGID: what is written belongs to the user of the container', async () => {
  const id = await containers.create(['true'], { User: '12:34' });
  await put(id, '/tmp', tar([{ path: 'f', content: 'x' }]), '&copyUIDGID=1');
  const { stdout } = await run('tar', ['--numeric-owner', '-tvf', '-'], {
    input: (await containers.ask('GET', archive(id, '/tmp/f'))).body,
  });
  expect(stdout).toContain(' 12/34 ');
});

test('modes as Go has them', async () => {
  const id = await containers.create(['true']);
  await put(
    id,
    '/tmp',
    tar([
      { path: 's', content: '', mode: 0o6755 },
      { path: 't', mode: 0o1777 },
    ]),
  );
  expect(await statOf(id, '/tmp/s')).toMatchObject({ mode: 0o755 + 2 ** 23 + 2 ** 22, linkTarget: '' });
  expect(await statOf(id, '/tmp/t')).toMatchObject({ mode: 0o777 + 2 ** 31 + 2 ** 20 });
  expect(await statOf(id, '/')).toMatchObject({ name: '/' });
  expect(await statOf(id, '/etc/..')).toMatchObject({ name: '/' });
  expect(await statOf(id, 'etc/.')).toMatchObject({ name: '.' });
});
