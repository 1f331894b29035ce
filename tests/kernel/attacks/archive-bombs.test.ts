// ATTACK CLASSES: CVE-2014-9357, CVE-2021-20291 (archives that grow or hang), CVE-2017-11468, CVE-2023-2253, CVE-2023-25153
// (documents and streams without bound). Refusals of single headers are in ../images/unpack-hostile.test.ts.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import http from 'node:http';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { digestOf, encodeTarFile, encodeTarHeader, OCI, TAR_END } from '@berth/oci';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';
import { startTestEngine, type TestEngine } from '../../support/engine.ts';
import { dockerArchive } from '../../support/images.ts';

const MIB = 1024 ** 2;
/** Far more than an honest archive of this size takes, far less than any bomb would. */
const MEMORY_MAX = 400 * MIB;
const DISK_LEFT_MAX = MIB;
const PATIENCE = 120_000;

let engine: TestEngine;
let honest: string;
beforeAll(async () => {
  engine = await startTestEngine();
  honest = await ids();
});
afterAll(() => engine?.stop());

const ids = async () => (await engine.request('GET', '/images/json?all=1')).text;
/** Of files: directories do not shrink when their files go. */
const used = () =>
  execFileSync('find', [engine.dataRoot, '-type', 'f', '-printf', '%b\n'], { encoding: 'utf8', maxBuffer: 1 << 28 })
    .split('\n')
    .reduce((sum, blocks) => sum + 512 * Number(blocks), 0);
const status = (name: string) =>
  1024 *
  Number(new RegExp(`^${name}:\\s+(\\d+) kB`, 'm').exec(readFileSync(`/proc/${engine.pid}/status`, 'utf8'))?.[1]);

let before: { memory: number; disk: number };
beforeEach(async () => {
  execFileSync('sh', ['-c', `echo 5 > /proc/${engine.pid}/clear_refs`]); // the peak from here on
  before = { memory: status('VmRSS'), disk: used() };
});
afterEach(async () => {
  expect(status('VmHWM') - before.memory).toBeLessThan(MEMORY_MAX);
  await expect.poll(() => used() - before.disk, { timeout: 20_000 }).toBeLessThan(DISK_LEFT_MAX);
  expect(await ids()).toBe(honest);
  // The honest neighbour.
  const loaded = await send('/images/load', [
    dockerArchive([{ tags: ['honest:1'], files: [{ path: 'f', content: 'x' }], config: {} }]),
  ]);
  expect(loaded).toMatchObject({ status: 200, text: expect.stringContaining('Loaded image: honest:1') });
  expect((await engine.request('DELETE', '/images/honest:1')).status).toBe(200);
});

/** Sends pieces as they come, and gives the answer, which may come before all is sent. */
async function send(
  path: string,
  pieces: Iterable<Uint8Array>,
): Promise<{ status: number; text: string; sent: number }> {
  let sent = 0;
  const counted = function* () {
    for (const piece of pieces) {
      sent += piece.length;
      yield piece;
    }
  };
  const request = http.request({ socketPath: engine.socket, method: 'POST', path, headers: { Host: 'docker' } });
  const answered = new Promise<http.IncomingMessage>((resolve, reject) => {
    request.once('response', resolve).once('error', reject);
  });
  // The engine hangs up when it has heard enough.
  pipeline(Readable.from(counted()), request).catch(() => undefined);
  const answer = await answered;
  let text = '';
  for await (const chunk of answer) text += String(chunk);
  return { status: answer.statusCode ?? 0, text, sent };
}

const LOAD = '/images/load';
const IMPORT = '/images/create?fromSrc=-&repo=bomb';
const refused = { status: 400, text: expect.stringMatching(/invalid/) };

function* repeated<T>(count: number, value: T): Generator<T> {
  for (let n = 0; n < count; n++) yield value;
}

/** Streams may be put one behind the other in all of these formats. */
const zeros = Buffer.alloc(64 * MIB);
const PACKERS: Record<string, (bytes: Buffer) => Buffer> = {
  gzip: (bytes) => gzipSync(bytes),
  zstd: (bytes) => zstdCompressSync(bytes),
  xz: (bytes) => execFileSync('xz', ['-c', '-0'], { input: bytes, maxBuffer: 1 << 26 }),
  bzip2: (bytes) => execFileSync('bzip2', ['-c', '-1'], { input: bytes, maxBuffer: 1 << 26 }),
};
const FILE = encodeTarHeader({ name: 'zeros', type: 'file', size: 8 ** 11 - 1 });

describe.each(Object.entries(PACKERS))('100 GB of zeros, packed by %s', (_name, pack) => {
  const packed: { head: Buffer; piece: Buffer } = { head: Buffer.alloc(0), piece: Buffer.alloc(0) };
  beforeAll(() => {
    packed.head = pack(FILE);
    packed.piece = pack(zeros);
  });
  const bomb = function* () {
    yield packed.head;
    yield* repeated(1600, packed.piece);
  };

  test.each([
    ['load', LOAD],
    ['import', IMPORT],
  ])('%s', { timeout: PATIENCE }, async (_verb, path) => {
    expect(await send(path, bomb())).toMatchObject(refused);
  });
});

test.each(['gzip', 'zstd'])('a layer of 100 GB, packed by %s', { timeout: PATIENCE }, async (name) => {
  const pack = PACKERS[name]!;
  const layer = Buffer.concat([pack(FILE), ...repeated(name === 'gzip' ? 24 : 1600, pack(zeros))]);
  const config = JSON.stringify({
    ...{ architecture: 'amd64', os: 'linux' },
    rootfs: { type: 'layers', diff_ids: [digestOf('whatever')] },
  });
  const archive = [
    encodeTarFile({ name: 'layer.tar' }, layer),
    encodeTarFile({ name: 'config.json' }, Buffer.from(config)),
    encodeTarFile(
      { name: 'manifest.json' },
      Buffer.from('[{"Config":"config.json","RepoTags":["bomb:1"],"Layers":["layer.tar"]}]'),
    ),
    TAR_END,
  ];
  // What it is made of was told before.
  expect((await send(LOAD, archive)).text).toMatch(/"error":"invalid layer archive: /);
});

describe('headers without end', () => {
  const large = (flag: string, size: number) => {
    const header = Buffer.from(encodeTarHeader({ name: 'x', type: 'file', size }));
    header.write(flag, 156, 'latin1');
    header.write('        ', 148, 'latin1');
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148, 'latin1');
    return header;
  };

  test.each(['x', 'g', 'L', 'K'])('of type %s: one of 1 GB', async (flag) => {
    const bomb = [large(flag, 1024 * MIB), ...repeated(1024, Buffer.alloc(MIB, 'x'))];
    for (const path of [LOAD, IMPORT]) expect(await send(path, bomb)).toMatchObject(refused);
  });

  test.each(['x', 'L'])('of type %s: a thousand of 1 MB before one file', { timeout: PATIENCE }, async (flag) => {
    const body = flag === 'x' ? Buffer.from(`${MIB} a=`.padEnd(MIB - 1, 'x').concat('\n')) : Buffer.alloc(MIB, 'n');
    const bomb = [
      ...repeated(1000, Buffer.concat([large(flag, MIB), body])),
      encodeTarFile({ name: 'f' }, Buffer.alloc(0)),
      TAR_END,
    ];
    expect((await send(LOAD, bomb)).status).toBe(400);
  });
});

describe('documents that name too much', () => {
  const layout = (files: Record<string, Buffer>, index: object) => [
    encodeTarFile({ name: 'oci-layout' }, Buffer.from('{"imageLayoutVersion":"1.0.0"}')),
    ...Object.entries(files).map(([digest, bytes]) =>
      encodeTarFile({ name: `blobs/sha256/${digest.slice(7)}` }, bytes),
    ),
    encodeTarFile({ name: 'index.json' }, Buffer.from(JSON.stringify(index))),
    TAR_END,
  ];
  const descriptor = (bytes: Buffer, mediaType: string = OCI.index) => ({
    mediaType,
    digest: digestOf(bytes),
    size: bytes.length,
  });
  const indexOf = (manifests: object[]) => ({ schemaVersion: 2, mediaType: OCI.index, manifests });
  /** Each names the one before many times: 9,000 to the third power of them, when all are followed. */
  const nested = (times: number) => {
    const files: Record<string, Buffer> = {};
    let below = Buffer.from(JSON.stringify(indexOf([])));
    for (let depth = 0; depth < 3; depth++) {
      files[digestOf(below)] = below;
      below = Buffer.from(JSON.stringify(indexOf([...repeated(times, descriptor(below))])));
    }
    files[digestOf(below)] = below;
    return layout(files, indexOf([...repeated(times, descriptor(below))]));
  };

  test.each([
    ['indexes of indexes of indexes', () => nested(9000)],
    [
      'a list deeper than any stack',
      () => [encodeTarFile({ name: 'manifest.json' }, Buffer.from('['.repeat(3 * MIB))), TAR_END],
    ],
    [
      'a table of contents of 1 GB',
      () => [
        encodeTarHeader({ name: 'manifest.json', type: 'file', size: 1024 * MIB }),
        ...repeated(1024, Buffer.alloc(MIB, '[')),
      ],
    ],
    [
      'a million images',
      () => [encodeTarFile({ name: 'manifest.json' }, Buffer.from(`[${'{},'.repeat(1_000_000)}{}]`)), TAR_END],
    ],
    [
      'an index of 5 MB',
      () => {
        const index = Buffer.from(JSON.stringify({ ...indexOf([]), annotations: { a: 'x'.repeat(5 * MIB) } }));
        return layout({ [digestOf(index)]: index }, indexOf([descriptor(index)]));
      },
    ],
    [
      'more files than any image has',
      () => [
        ...repeated(
          1,
          Buffer.concat(
            Array.from({ length: 10_100 }, (_, n) => encodeTarFile({ name: `f${n}` }, Buffer.from(String(n)))),
          ),
        ),
      ],
    ],
  ])('%s', { timeout: PATIENCE }, async (_what, bomb) => {
    const start = Date.now();
    expect((await send(LOAD, bomb())).status).toBe(400);
    expect(Date.now() - start).toBeLessThan(PATIENCE / 2);
  });
});

test('a sparse file of 8 exabytes', async () => {
  const bomb = [encodeTarHeader({ name: 'hole', type: 'file', size: 2 ** 53 - 1 }), Buffer.alloc(MIB), TAR_END];
  for (const path of [LOAD, IMPORT]) expect((await send(path, bomb)).status).toBe(400);
});

test('two million entries', { timeout: 2 * PATIENCE }, async () => {
  const one = Buffer.concat(Array.from({ length: 1000 }, () => encodeTarHeader({ name: 'again', type: 'directory' })));
  expect(await send(IMPORT, repeated(2001, one))).toMatchObject(refused);
});
