import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { BUILD_EXPLAIN_ID } from '@berth/contract';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeEngine, startFakeEngine } from '../../../../tests/support/fake-engine.ts';
import { runBerth } from '../../../../tests/support/side-by-side.ts';
import { readEntries } from '../../../../tests/support/tar.ts';

let engine: FakeEngine;
let folder: string;
beforeAll(async () => {
  engine = await startFakeEngine();
  folder = mkdtempSync(join(tmpdir(), 'berth-build-'));
  writeFileSync(join(folder, 'Dockerfile'), 'FROM scratch\n');
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await engine[Symbol.asyncDispose]();
});

const ID = `sha256:${'a'.repeat(64)}`;
const DONE = `${JSON.stringify({ stream: `${ID}\n` })}\r\n`;
beforeEach(() => {
  engine.routes = { 'POST /build': { text: DONE } };
  engine.seen.length = 0;
});

describe('options of a build', () => {
  const build = (...args: string[]) => runBerth(engine, ['build', ...args, folder]);

  it.each([
    ['--output=type=registry,push=false', []],
    ['--output=type=image,push=T', ['/images/app/push']],
    ['--output=type=registry', ['/images/app/push']],
  ])('pushes with %s as it says', async (flag, pushes) => {
    engine.routes['POST /images/app/push'] = { text: '' };
    expect((await build(flag, '-t', 'app')).code).toBe(0);
    expect(engine.seen.map(({ path }) => path).filter((path) => path.endsWith('/push'))).toEqual(pushes);
  });

  it('tells the reasons also when quiet, beside the id', async () => {
    const reason = { step: '2/2', cached: false, instruction: 'RUN echo', line: 2, reason: 'the file a changed' };
    engine.routes['POST /berth/v1/build/sessions'] = { status: 201, json: { id: 'S4' } };
    engine.routes['POST /build'] = { text: `${JSON.stringify({ id: BUILD_EXPLAIN_ID, aux: reason })}\r\n${DONE}` };
    const { stdout, stderr } = await build('-q', '--explain');
    expect([stdout, stderr]).toEqual([`${ID}\n`, expect.stringMatching(/RUN echo\n +line 2: the file a changed\n/)]);
    expect(JSON.parse(String(engine.seen[0]?.body))).toMatchObject({ progress: true });
    const { stdout: none } = await build('--progress=none');
    expect(none).toBe('');
  });

  it('--allow is told to the session', async () => {
    engine.routes['POST /berth/v1/build/sessions'] = { status: 201, json: { id: 'S5' } };
    expect((await build('--allow', 'network.host,security.insecure', '--allow', 'x')).code).toBe(0);
    const [session] = engine.seen;
    expect(JSON.parse(String(session?.body))).toMatchObject({ allow: ['network.host', 'security.insecure', 'x'] });
  });

  it.each(['--explain', '--allow=network.host'])('%s is refused by name where the engine is another', async (flag) => {
    for (const view of [[], ['-q'], ['--progress=classic']]) {
      const { code, stderr } = await build(flag, ...view);
      const [name] = flag.split('=');
      expect([code, stderr]).toEqual([1, expect.stringContaining(`${name} needs an engine of Berth`)]);
    }
    expect(engine.seen.filter(({ path }) => path === '/build')).toEqual([]);
  });

  it('--squash is asked for', async () => {
    await build('--squash');
    await build();
    expect(engine.seen.filter(({ path }) => path === '/build').map(({ query }) => query.squash)).toEqual([
      '1',
      undefined,
    ]);
  });

  it('--compress sends the context by gzip', async () => {
    await build('--progress=classic', '--compress');
    const [{ body } = expect.fail('no request')] = engine.seen;
    expect(body.subarray(0, 2)).toEqual(Buffer.from([0x1f, 0x8b]));
    expect(readEntries(gunzipSync(body)).map(({ path }) => path)).toEqual(['Dockerfile']);
  });
});
