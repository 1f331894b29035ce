import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeEngine, startFakeEngine } from '../../../../tests/support/fake-engine.ts';
import { runBerth } from '../../../../tests/support/side-by-side.ts';

let engine: FakeEngine;
let folder: string;
beforeAll(async () => {
  engine = await startFakeEngine();
  folder = mkdtempSync(join(tmpdir(), 'berth-build-'));
});
afterAll(async () => {
  rmSync(folder, { recursive: true });
  await engine[Symbol.asyncDispose]();
});

describe('what is told of a Dockerfile', () => {
  const told = (text: string, ...args: string[]) =>
    runBerth(engine, ['build', ...args, '-f', '-', folder], { stdin: text });
  const FLAWED = '# app what it is\nFROM scratch as app\nARG VERSION=3\nARG MODE\nMAINTAINER me\n';

  it.each(['--check', '--call=check', '--call=lint,format=text'])('%s: the findings, and exit code 1', async (flag) => {
    const { code, stdout, stderr } = await told(FLAWED, flag);
    expect([code, stderr]).toEqual([1, '']);
    expect(stdout).toMatch(/^Check complete, 2 warnings have been found!\n\nWARNING: /);
    expect(stdout).toContain('FromAsCasing');
    expect(stdout).toContain('MaintainerDeprecated');
    expect(engine.seen.filter(({ path }) => path === '/build')).toEqual([]);
  });

  it.each([
    ['--call=check,format=xml', 'invalid value for --call: format=xml is not supported'],
    ['--call=outline,depth=2', 'invalid value for --call: depth=2 is not supported'],
    ['--call=targets,format=json', 'format=json is only there for check'],
    ['--call=nothing', 'unknown subrequest "nothing"'],
  ])('%s is refused', async (flag, why) => {
    const { code, stdout, stderr } = await told('FROM scratch\n', flag);
    expect([code, stdout, stderr]).toEqual([1, '', expect.stringContaining(why)]);
  });

  it('nothing to find is exit code 0', async () => {
    expect(await told('FROM scratch\n', '--check')).toEqual({
      code: 0,
      stdout: 'Check complete, no warnings found.\n',
      stderr: '',
    });
  });

  it('--call=check,format=json', async () => {
    const { code, stdout } = await told(FLAWED, '--call=check,format=json');
    expect(code).toBe(1);
    expect(JSON.parse(stdout)).toMatchObject({
      warnings: [
        { ruleName: 'FromAsCasing', location: { ranges: [{ start: { line: 2, character: 0 } }] } },
        { ruleName: 'MaintainerDeprecated', location: { ranges: [{ start: { line: 5 } }] } },
      ],
    });
  });

  it('--call=outline: target, arguments with their values, secrets', async () => {
    const text = `${FLAWED}RUN --mount=type=secret,id=token,required true\n`;
    const { code, stdout } = await told(text, '--call=outline', '--build-arg', 'MODE=fast');
    expect([code, stdout.split('\n').map((line) => line.trim().split(/ {2,}/))]).toEqual([
      0,
      [
        ['TARGET:', 'app'],
        ['DESCRIPTION:', 'what it is'],
        [''],
        ['BUILD ARG', 'VALUE', 'DESCRIPTION'],
        ['VERSION', '3'],
        ['MODE', 'fast'],
        [''],
        ['SECRET', 'REQUIRED'],
        ['token', 'true'],
        [''],
      ],
    ]);
  });

  it('--call=targets: the stages, and which is the default', async () => {
    const { code, stdout } = await told(`${FLAWED}FROM scratch AS last\n`, '--call=targets');
    expect([code, stdout.split('\n').map((line) => line.trim().split(/ {2,}/))]).toEqual([
      0,
      [['TARGET', 'DESCRIPTION'], ['app', 'what it is'], ['last (default)'], ['']],
    ]);
  });
});
