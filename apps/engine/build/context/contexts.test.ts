import { createHash } from 'node:crypto';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { encodeTarFile, encodeTarHeader, TAR_END } from '@berth/oci';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type BuildContexts, openBuildContexts } from './contexts.ts';

let root: string;
let contexts: BuildContexts;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'berth-context-'));
  contexts = openBuildContexts(root);
});
afterEach(() => {
  contexts.close();
  rmSync(root, { recursive: true, force: true });
});

async function* pieces(bytes: Buffer, size = 700): AsyncGenerator<Buffer> {
  for (let at = 0; at < bytes.length; at += size) yield bytes.subarray(at, at + size);
}
const sha = (text: string | Buffer) => createHash('sha256').update(text).digest('hex');
const archive = (...parts: Buffer[]) => Buffer.concat([...parts, TAR_END]);
const file = (name: string, text: string | Buffer, mode = 0o644) =>
  encodeTarFile({ name, mode, mtime: 5_000_000_000n }, Buffer.from(text));

describe('a context that comes as a tar', () => {
  it('is an index of contents, whatever its pieces and its compression', async () => {
    const big = Buffer.alloc(3 * 1024 * 1024, 'x');
    const tar = archive(
      file('./Dockerfile', 'FROM scratch\n'),
      encodeTarHeader({ name: 'src/', type: 'directory', mode: 0o700 }),
      file('src/a', 'same'),
      file('deep/down/b', 'same', 0o755),
      file('big', big),
      encodeTarHeader({ name: 'link', type: 'symlink', linkName: '../../../src/a' }),
      encodeTarHeader({ name: 'hard', type: 'hardlink', linkName: 'src/a' }),
      encodeTarHeader({ name: 'null', type: 'char', deviceMajor: 1, deviceMinor: 3 }),
    );
    for (const body of [pieces(tar), pieces(gzipSync(tar))]) {
      const context = await contexts.fromTar(body);
      expect([...context.entries].map(([path, { type, mode, size }]) => [path, type, mode.toString(8), size])).toEqual([
        ['Dockerfile', 'file', '644', 13],
        ['big', 'file', '644', big.length],
        ['deep', 'directory', '755', 0],
        ['deep/down', 'directory', '755', 0],
        ['deep/down/b', 'file', '755', 4],
        ['hard', 'file', '644', 4],
        ['link', 'symlink', '777', 0],
        ['src', 'directory', '700', 0],
        ['src/a', 'file', '644', 4],
      ]);
      const at = (path: string) => context.entries.get(path) ?? expect.fail(path);
      expect(at('src/a').sha256).toBe(sha('same'));
      expect(at('big').sha256).toBe(sha(big));
      expect(readFileSync(context.contentPath(at('deep/down/b')), 'utf8')).toBe('same');
      expect(readFileSync(context.contentPath(at('big'))).equals(big)).toBe(true);
      expect(context.resolve('link')?.path).toBe('src/a');
      expect(context.resolve('link', { followLast: false })?.type).toBe('symlink');
      expect(context.resolve('src/a/..')).toBeUndefined();
      context.release();
    }
    expect(await contexts.usage()).toEqual({ files: 3, bytes: 13 + 4 + big.length, inUse: 0 });
  });

  it.each([
    ['a name that leads outside', archive(file('../x', 'y')), 'a name leads outside of it'],
    ['a name below a file', archive(file('a', '1'), file('a/b', '2')), 'below what is no directory'],
    [
      'a name below a link',
      archive(encodeTarHeader({ name: 'a', type: 'symlink', linkName: '/etc' }), file('a/b', '2')),
      'below what is no directory',
    ],
    [
      'a hard link to nothing',
      archive(encodeTarHeader({ name: 'a', type: 'hardlink', linkName: '/etc/passwd' })),
      'no target',
    ],
    ['a name too long', archive(file('x'.repeat(5000), '')), 'a name has more than'],
    ['what is no tar', Buffer.alloc(2048, 'z'), 'invalid tar header'],
    ['a cut archive', archive(file('a', 'x'.repeat(5000))).subarray(0, 1500), 'unexpected end'],
  ])('is refused for %s', async (_name, tar, why) => {
    await expect(contexts.fromTar(pieces(tar))).rejects.toThrow(why);
    expect((await contexts.usage()).inUse).toBe(0);
    expect(readdirSync(join(root, 'build/context/ingest'))).toEqual([]);
  });

  it('links in circles lead nowhere', async () => {
    const context = await contexts.fromTar(
      pieces(
        archive(
          encodeTarHeader({ name: 'a', type: 'symlink', linkName: 'b' }),
          encodeTarHeader({ name: 'b', type: 'symlink', linkName: 'a' }),
        ),
      ),
    );
    expect(context.resolve('a')).toBeUndefined();
  });
});

describe('a context that is announced', () => {
  const listing = (...lines: object[]) =>
    pieces(Buffer.from(lines.map((line) => `${JSON.stringify(line)}\n`).join('')));
  const line = (path: string, text: string, more: object = {}) => ({
    ...{ path, type: 'file', mode: 0o644, mtime: 1.5, size: text.length, sha256: sha(text) },
    ...more,
  });

  it('asks only for contents that are not here', async () => {
    const first = await contexts.announce(
      listing({ path: 'src', type: 'directory', mode: 0o755, mtime: 0 }, line('src/a', 'one'), line('src/b', 'two')),
    );
    expect(first.missing.sort()).toEqual([sha('one'), sha('two')].sort());
    expect(() => contexts.take(first.id)).toThrow('have not been sent');
    await contexts.receive(first.id, pieces(archive(file(sha('one'), 'one'), file(sha('two'), 'two'))));
    const context = contexts.take(first.id);
    expect(context.entries.get('src/a')?.mtime).toBe(1_500_000_000n);
    expect(() => contexts.take(first.id)).toThrow('no such build context');
    context.release();

    const second = await contexts.announce(listing(line('c', 'two'), line('d', 'three')));
    expect(second.missing).toEqual([sha('three')]);
  });

  it('is refused when contents are not what was announced, or were not asked for', async () => {
    const { id } = await contexts.announce(listing(line('a', 'one')));
    await expect(contexts.receive(id, pieces(archive(file(sha('one'), 'two'))))).rejects.toThrow('announced');
    await expect(contexts.receive(id, pieces(archive(file(sha('two'), 'two'))))).rejects.toThrow('not asked for');
    await expect(contexts.receive(id, pieces(archive(file(sha('one'), 'longer'))))).rejects.toThrow('size');
    await contexts.receive(id, pieces(archive(file(sha('one'), 'one'))));
    contexts.take(id).release();
  });

  it('is sent once at a time, and taken when it is here', async () => {
    const { id } = await contexts.announce(listing(line('a', 'one')));
    const gate = Promise.withResolvers<void>();
    const sending = contexts.receive(
      id,
      (async function* () {
        yield archive(file(sha('one'), 'one'));
        await gate.promise;
      })(),
    );
    await expect(contexts.receive(id, pieces(archive(file(sha('one'), 'one'))))).rejects.toThrow('being sent already');
    expect(() => contexts.take(id)).toThrow('being sent still');
    gate.resolve();
    await sending;
    contexts.take(id).release();
    await expect.poll(async () => (await contexts.usage()).inUse).toBe(0);
  });

  it.each([
    ['no JSON', Buffer.from('{\n'), 'not JSON'],
    ['no entry', Buffer.from('null\n'), 'is not one'],
    [
      'a digest that is a path',
      Buffer.from(`${JSON.stringify(line('a', 'x', { sha256: '../../x' }))}\n`),
      'is not one',
    ],
    ['a path that leads outside', Buffer.from(`${JSON.stringify(line('../a', 'x'))}\n`), 'leads outside'],
    ['an unknown type', Buffer.from(`${JSON.stringify(line('a', 'x', { type: 'socket' }))}\n`), 'is not one'],
  ])('is refused for %s', async (_name, body, why) => {
    await expect(contexts.announce(pieces(body))).rejects.toThrow(why);
  });
});

describe('contents', () => {
  it('stay where they were used lately or are less than what is to be kept', async () => {
    (await contexts.fromTar(pieces(archive(file('a', 'kept'), file('b', 'also kept'))))).release();
    await expect.poll(async () => (await contexts.usage()).inUse).toBe(0);
    expect(await contexts.prune({ before: Date.now() - 60_000 })).toBe(0);
    expect(await contexts.prune({ keep: 1000 })).toBe(0);
    expect(await contexts.prune({ keep: 1000, before: Date.now() + 60_000 })).toBe(0);
    expect(await contexts.prune({ keep: 10, before: Date.now() + 60_000 })).toBeGreaterThan(0);
    expect((await contexts.usage()).files).toBe(1);
    expect(await contexts.prune({ before: Date.now() + 60_000 })).toBeGreaterThan(0);
    expect((await contexts.usage()).files).toBe(0);
  });

  it('go when pruned unless a context holds them, and are all forgotten after the machine was started anew', async () => {
    const kept = await contexts.fromTar(pieces(archive(file('a', 'kept'))));
    (await contexts.fromTar(pieces(archive(file('b', 'gone'))))).release();
    await expect.poll(async () => (await contexts.usage()).inUse).toBe(4);
    expect(await contexts.prune()).toBe(4);
    const entry = kept.entries.get('a') ?? expect.fail('a');
    expect(existsSync(kept.contentPath(entry))).toBe(true);
    expect((await openBuildContexts(root).usage()).files).toBe(1);
    writeFileSync(join(root, 'build/context/boot'), 'another\n');
    expect((await openBuildContexts(root).usage()).files).toBe(0);
  });
});
