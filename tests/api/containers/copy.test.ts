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
