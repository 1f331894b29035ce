import { type ChildProcess, spawn } from 'node:child_process';
import { chmodSync, existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { IMAGE, startContainers } from '../../support/containers.ts';
import { engineProgram } from '../../support/daemon.ts';
import { flagsOf } from '../../support/engine.ts';
import { chooseIdentity, type EngineIdentity } from '../../support/identity.ts';
import { sweep } from '../../support/leaks.ts';

const MAIN = resolve(import.meta.dirname, '../../../apps/engine/main.ts');

/** An engine as a bare process, for its very beginning and end. */
function begin(id: EngineIdentity, ...more: string[]) {
  for (const path of [id.dataRoot, id.execRoot]) mkdirSync(path, { recursive: true });
  const child: ChildProcess = spawn(process.execPath, [MAIN, ...flagsOf(id), ...more], {
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stderr?.on('data', (chunk) => {
    output += chunk;
  });
  const ended = new Promise<number | null>((done) => child.once('exit', (code) => done(code)));
  const said = async (words: RegExp) => {
    await expect.poll(() => words.test(output) || child.exitCode !== null, { timeout: 20_000 }).toBe(true);
    expect(output).toMatch(words);
  };
  return { child, ended, said, output: () => output };
}

describe('signals', () => {
  let id: EngineIdentity;
  beforeAll(async () => {
    id = await chooseIdentity();
  });
  afterAll(() => sweep(id));

  test('SIGTERM in the midst of its start lets it finish and stop: nothing is half done', async () => {
    const engine = begin(id);
    await expect.poll(() => existsSync(join(id.execRoot, 'berth.pid')), { timeout: 20_000, interval: 1 }).toBe(true);
    engine.child.kill('SIGTERM');
    expect(await engine.ended).toBe(0);
    expect(engine.output()).toMatch(/stopping; containers go on/);
    for (const file of ['berth.pid', 'berth.sock']) expect(existsSync(join(id.execRoot, file))).toBe(false);
  });

  test('SIGHUP in the midst of its start is not its end', async () => {
    const engine = begin(id, '--log-format', 'json');
    await expect.poll(() => existsSync(join(id.execRoot, 'berth.pid')), { timeout: 20_000, interval: 1 }).toBe(true);
    engine.child.kill('SIGHUP');
    await engine.said(/engine is ready/);
    await engine.said(/settings were read again/);
    engine.child.kill('SIGINT');
    expect(await engine.ended).toBe(0);
    for (const line of engine.output().trim().split('\n')) expect(JSON.parse(line)).toHaveProperty('level');
  });

  test('a second engine on the same roots is refused in a sentence, and the first goes on', async () => {
    const engine = begin(id);
    await engine.said(/engine is ready/);
    const second = await engineProgram(...flagsOf(id));
    expect(second.code).toBe(1);
    expect(second.stderr).toMatch(/berth: another engine is using the data root .*\n.*--data-root/);
    expect(existsSync(id.socket)).toBe(true);
    engine.child.kill('SIGTERM');
    expect(await engine.ended).toBe(0);
  });
});

test('shutdown-timeout: what does not end in time is left, and the next engine puts it in order', async () => {
  const directory = mkdtempSync(join(tmpdir(), 'berth-hangs-'));
  const runtime = join(directory, 'hangs');
  writeFileSync(runtime, '#!/bin/sh\ncase "$*" in *create*) exec sleep 600;; esac\nexec runc "$@"\n');
  chmodSync(runtime, 0o755);
  const c = await startContainers({ config: { 'shutdown-timeout': 1, runtimes: { hangs: { path: runtime } } } });
  try {
    const lasting = await c.create(['sleep', '600']);
    await c.start(lasting);
    const hanging = await c.create(['true'], { HostConfig: { Runtime: 'hangs' } });
    const start = c.engine.request('POST', `/containers/${hanging}/start`).catch(() => undefined);
    await expect
      .poll(() => existsSync(join(c.engine.execRoot, 'c', hanging, 'config.json')), { timeout: 20_000 })
      .toBe(true);
    await c.engine.terminate();
    await start;
    expect(c.engine.output()).toMatch(/did not end in time and is left.*seconds=1/);
    await c.engine.start();
    expect((await c.inspect(lasting)).State.Running).toBe(true);
    expect((await c.inspect(hanging)).State.Running).toBe(false);
    expect((await c.run(['echo', IMAGE])).stdout).toBe(`${IMAGE}\n`);
  } finally {
    await c.engine.stop();
    rmSync(directory, { recursive: true, force: true });
  }
});
