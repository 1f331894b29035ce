import { lstatSync, mkdtempSync, readFileSync, readlinkSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { clientProgram } from '../../support/client.ts';
import { run } from '../../support/docker.ts';

const program = clientProgram('berth');
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'berth-alias-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const alias = (...args: string[]) => run(program, ['alias', ...args, '--dir', folder]);

describe('alias', () => {
  it('makes names that answer under their own', async () => {
    expect((await alias('install')).code).toBe(0);
    const { stdout } = await run(join(folder, 'docker'), ['ps', '--help']);
    expect(stdout).toMatch(/^Usage: {2}docker ps \[OPTIONS\]\n/);
    const compose = await run(join(folder, 'docker-compose'), ['up'], { cwd: folder });
    expect(compose.code).toBe(1);
    expect(compose.stderr).toContain('no configuration file provided: not found');
  });

  it('can be called again, and takes only its own names away', async () => {
    await alias('install');
    expect((await alias('install')).code).toBe(0);
    rmSync(join(folder, 'docker'));
    writeFileSync(join(folder, 'docker'), 'foreign');
    await alias('remove');
    expect(readFileSync(join(folder, 'docker'), 'utf8')).toBe('foreign');
    expect(lstatSync(join(folder, 'docker-compose'), { throwIfNoEntry: false })).toBeUndefined();
  });

  it('leaves foreign files alone, moves them aside when told, and brings them back', async () => {
    writeFileSync(join(folder, 'docker'), 'foreign');
    const refused = await alias('install');
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain(`${join(folder, 'docker')} exists and is not Berth's; nothing was changed`);
    expect(lstatSync(join(folder, 'docker-compose'), { throwIfNoEntry: false })).toBeUndefined();
    await alias('install', '--force');
    expect(readlinkSync(join(folder, 'docker'))).toBe(program);
    await alias('remove');
    expect(readFileSync(join(folder, 'docker'), 'utf8')).toBe('foreign');
  });
});
