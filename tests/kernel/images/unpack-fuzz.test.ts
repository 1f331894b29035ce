import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import type { TarEntryInit } from '@berth/oci';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { describeTree } from './tree.ts';
import { archiveOf, openWorkshop } from './unpacking.ts';

let workshop: ReturnType<typeof openWorkshop>;
let canary: string;
let before: ReturnType<typeof describeTree>;
beforeAll(() => {
  workshop = openWorkshop();
  canary = mkdtempSync(join(tmpdir(), 'berth-canary-'));
  mkdirSync(join(canary, 'dir'));
  writeFileSync(join(canary, 'dir/file'), 'untouched', { mode: 0o640 });
  before = describeTree(canary);
});
afterAll(async () => {
  await workshop.close();
  rmSync(canary, { recursive: true });
});

const NUMBER = Number(process.env['FUZZ_RUNS'] ?? 300);

/** Names that meet: few words, so that entries come in each other's way, and ways out to the canary. */
const part = fc.constantFrom(
  'a',
  'b',
  'c',
  '.',
  '..',
  '',
  '.wh.a',
  '.wh.b',
  '.wh..wh..opq',
  '.wh.',
  '.wh..wh.plnk',
  '\u00e9',
  ' ',
);
const inside = fc.array(part, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const outside = fc
  .constantFrom(1, 2, 5, 12)
  .chain((depth) =>
    fc
      .constantFrom('dir/file', 'dir', '', 'new')
      .map((to) => `${'../'.repeat(depth)}${relative('/', join(canaryPath(), to))}`),
  );
const absolute = fc.constantFrom('dir/file', 'dir', 'new').map((to) => join(canaryPath(), to));
const name = fc.oneof({ weight: 8, arbitrary: inside }, outside, absolute, fc.constant('proc/self/root/etc/passwd'));
const target = fc.oneof(name, fc.constantFrom('/', '..', '../..', '/proc/self/cwd', '/etc', 'a', 'b'));

/** Known only when the tests run; arbitraries are made before. */
function canaryPath(): string {
  return canary ?? '/';
}

function entries() {
  const entry = fc
    .record({
      name,
      type: fc.constantFrom('file', 'directory', 'symlink', 'hardlink', 'char', 'block', 'fifo'),
      linkName: target,
      mode: fc.constantFrom(0o644, 0o755, 0o4755, 0o2777, 0o1777, 0, 0o7777),
      uid: fc.constantFrom(0, 1000, 65_534, 2 ** 31, 2 ** 32 - 2),
      mtime: fc.constantFrom(0n, -5n, 1_700_000_000_123_456_789n, 2n ** 60n),
      content: fc.constantFrom('', 'x', 'data'.repeat(300)),
      xattr: fc.constantFrom('', 'user.a', 'trusted.overlay.opaque', 'trusted.overlay.redirect', 'security.capability'),
    })
    .map(({ xattr, content, linkName, ...rest }): TarEntryInit & { content?: string } => ({
      ...rest,
      type: rest.type as TarEntryInit['type'],
      ...(rest.type === 'symlink' || rest.type === 'hardlink' ? { linkName } : {}),
      ...(rest.type === 'file' ? { content } : {}),
      ...(xattr === '' ? {} : { xattrs: new Map([[xattr, Buffer.from(canaryPath())]]) }),
    }));
  return fc.array(entry, { minLength: 1, maxLength: 12 });
}

test('whatever a layer holds, it is unpacked or refused, and nothing beside its directory changes', {
  timeout: 300_000,
}, async () => {
  let unpacked = 0;
  await fc.assert(
    fc.asyncProperty(entries(), async (list) => {
      try {
        const { path } = await workshop.unpack(archiveOf(list), { maxBytes: 1_000_000, maxEntries: 100 });
        unpacked++;
        rmSync(path, { recursive: true });
      } catch (error) {
        expect(error).toMatchObject({ name: 'BerthError', code: 'invalid' });
      }
      expect(describeTree(canary)).toEqual(before);
    }),
    { numRuns: NUMBER },
  );
  // Not everything is refused, or the test would look at nothing.
  expect(unpacked).toBeGreaterThan(NUMBER / 20);
});
