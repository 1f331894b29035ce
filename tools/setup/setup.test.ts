import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { contentHash } from '../build/content-hash.mjs';
import { isOurs, whatIsAt } from './command-link.mjs';
import { firstDifference } from './npm-packages.mjs';
import { mustRun, run } from './run.mjs';

describe('run', () => {
  it('gives exit codes as a shell does', async () => {
    expect(await run('sh', ['-c', 'echo out; echo err >&2; exit 3'])).toEqual({ code: 3, out: 'out\n', err: 'err\n' });
    expect((await run('no-such-program', [])).code).toBe(127);
    expect((await run('sleep', ['10'], { timeout: 20 })).code).toBe(137);
  });

  it('keeps the end of long output', async () => {
    const { out } = await run('sh', ['-c', 'seq 1 100000']);
    expect(out.length).toBeLessThanOrEqual(256 * 1024);
    expect(out).toMatch(/\n100000\n$/);
  });

  it('throws a sentence with the last words of the program', async () => {
    await expect(mustRun('list it', 'sh', ['-c', 'echo no such thing >&2; exit 2'])).rejects.toThrow(
      'Cannot list it: sh ended with 2\n    no such thing',
    );
  });
});

describe('npm packages', () => {
  const locked = { version: '1.0.0', integrity: 'sha512-a' };
  // A package that is installed here, because the folder is looked at too.
  const path = 'node_modules/koffi';
  const difference = (installed: object) => firstDifference({ '': {}, [path]: locked }, { [path]: installed });

  it('are left alone when they are what the lock file says', () => {
    expect(difference(locked)).toBeUndefined();
  });

  it.each([
    [{ ...locked, version: '0.9.0' }, 'koffi was 0.9.0, not 1.0.0'],
    [{ ...locked, integrity: 'sha512-b' }, 'koffi was not what the lock file names'],
  ])('are installed when one differs: %o', (installed, why) => {
    expect(difference(installed)).toBe(why);
  });

  it('are installed when one is missing, also one for this platform', () => {
    const other = { 'node_modules/other': locked };
    expect(firstDifference({ 'node_modules/gone': locked }, other)).toBe('gone was missing');
    expect(firstDifference({ 'node_modules/gone': { ...locked, optional: true, os: ['linux'] } }, other)).toBe(
      'gone was missing',
    );
    expect(
      firstDifference({ 'node_modules/gone': { ...locked, optional: true, os: ['darwin'] } }, other),
    ).toBeUndefined();
  });

  it('are installed when an installation was interrupted', () => {
    expect(firstDifference({ [path]: locked }, {})).toBe('none were there');
  });
});

describe('the command on the PATH', () => {
  it('is told from what is someone else’s', () => {
    const folder = mkdtempSync(join(tmpdir(), 'berth-link-'));
    try {
      symlinkSync('/anywhere/dist/bin/berth', join(folder, 'ours'));
      writeFileSync(join(folder, 'file'), '');
      expect(isOurs(whatIsAt(join(folder, 'ours'))!)).toBe(true);
      expect(isOurs(whatIsAt(join(folder, 'file'))!)).toBe(false);
      expect(whatIsAt(join(folder, 'nothing'))).toBeUndefined();
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});

describe('content hash', () => {
  it('is the same for the same content and leaves tests out', () => {
    expect(contentHash(['tools/setup', 'package.json'])).toBe(contentHash(['package.json', 'tools/setup']));
    expect(contentHash(['tools/setup/setup.test.ts'])).toBe(contentHash([]));
    expect(contentHash(['package.json'])).not.toBe(contentHash([]));
  });
});
