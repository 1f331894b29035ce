import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { encodeTarFile, readTar, TAR_END } from '@berth/oci';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { HOST_PLATFORM, makeImage, makeIndex, writeLayout } from '../../support/registry-images.ts';
import { bytesOf, load, openImageStore, smallArchive } from './image-store.ts';

const RUNS = Number(process.env['FUZZ_RUNS'] ?? 150);
let store: Awaited<ReturnType<typeof openImageStore>>;
const archives: Record<string, Buffer> = {};
beforeAll(async () => {
  store = await openImageStore();
  const of = (architecture: string) =>
    makeImage({ layers: [[{ path: 'f', content: architecture }]], platform: { os: 'linux', architecture } });
  const folder = mkdtempSync(join(tmpdir(), 'berth-load-fuzz-'));
  writeLayout(folder, 'fuzz:1', makeIndex([of(HOST_PLATFORM.architecture), of('s390x')]));
  archives.layout = execFileSync('tar', ['-C', folder, '-c', '.']);
  rmSync(folder, { recursive: true });
  archives.docker = smallArchive(['fuzz:1', 'fuzz:2'], 'content', { Cmd: ['x'] });
  await load(store.images, archives.docker);
  archives.ours = await bytesOf(await store.images.save(['fuzz']));
  await store.images.prune({ dangling: ['false'] });
});
afterAll(() => store.close());

/** Loads it: an image that is then removed, or a refusal of the archive. Nothing may be left either way. */
async function attempt(archive: Buffer): Promise<'loaded' | 'refused'> {
  let outcome: 'loaded' | 'refused' = 'loaded';
  try {
    const { loaded } = await load(store.images, archive);
    for (const image of loaded) expect(store.images.layerDirectories(image.id).length).toBeGreaterThan(0);
  } catch (error) {
    expect(error).toMatchObject({
      name: 'BerthError',
      code: expect.stringMatching(/^(invalid|not-supported|not-found)$/),
    });
    outcome = 'refused';
  }
  await store.images.prune({ dangling: ['false'] });
  expect(store.onDisk()).toEqual({ layers: [], blobs: [], ingest: [] });
  return outcome;
}

const kind = fc.constantFrom('layout', 'docker', 'ours');

test('archives with bytes changed and ends cut off', { timeout: 600_000 }, async () => {
  const changes = fc.array(fc.tuple(fc.double({ min: 0, max: 1, noNaN: true }), fc.nat(255)), { maxLength: 6 });
  await fc.assert(
    fc.asyncProperty(kind, changes, fc.option(fc.double({ min: 0, max: 1, noNaN: true })), async (name, list, cut) => {
      const bytes = Buffer.from(archives[name]!);
      for (const [at, value] of list) bytes[Math.floor(at * (bytes.length - 1))] = value;
      await attempt(cut === null ? bytes : bytes.subarray(0, Math.floor(cut * bytes.length)));
    }),
    { numRuns: RUNS },
  );
});

test('documents with values changed', { timeout: 600_000 }, async () => {
  const outcomes = { loaded: 0, refused: 0 };
  const values = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom<unknown>(
      '../../x',
      '/etc/passwd',
      'a:1',
      `sha256:${'0'.repeat(64)}`,
      -1,
      2 ** 53,
      [],
      {},
      null,
      undefined,
    ),
  );
  await fc.assert(
    fc.asyncProperty(kind, fc.array(fc.tuple(fc.nat(), fc.nat(), values), { maxLength: 2 }), async (name, changes) => {
      outcomes[await attempt(await withChanges(archives[name]!, changes))]++;
    }),
    { numRuns: RUNS },
  );
  // Some changes mean nothing, and some break it.
  expect(Math.min(outcomes.loaded, outcomes.refused)).toBeGreaterThan(0);
});

/** The archive anew, with a value anywhere in one of its tables of contents or the first configuration replaced. */
async function withChanges(archive: Buffer, changes: readonly (readonly [number, number, unknown])[]): Promise<Buffer> {
  const files: { name: string; content: Buffer }[] = [];
  const source = (async function* () {
    yield archive;
  })();
  await readTar(source, async ({ entry, content }) => {
    if (entry.type === 'file') files.push({ name: entry.name.toString(), content: await bytesOf(content) });
  });
  for (const [which, where, value] of changes) {
    // Blobs that are named by their digest would only be refused as other content.
    const documents = files.filter(({ name }) => /(manifest|index)\.json$|^[0-9a-f]{64}\.json$|oci-layout$/.test(name));
    const file = documents[which % documents.length]!;
    file.content = Buffer.from(
      JSON.stringify(replaced(JSON.parse(file.content.toString()) as unknown, where, value)) ?? '',
    );
  }
  return Buffer.concat([...files.map(({ name, content }) => encodeTarFile({ name }, content)), TAR_END]);
}

/** Goes down a random way, and puts the value at its end. */
function replaced(document: unknown, where: number, value: unknown): unknown {
  if (typeof document !== 'object' || document === null || where % 7 === 6) return value;
  const keys = Object.keys(document);
  if (keys.length === 0) return value;
  const key = keys[where % keys.length]!;
  const inside = replaced((document as Record<string, unknown>)[key], Math.floor(where / keys.length), value);
  if (Array.isArray(document)) return document.map((item: unknown, n) => (String(n) === key ? inside : item));
  return { ...document, [key]: inside };
}
