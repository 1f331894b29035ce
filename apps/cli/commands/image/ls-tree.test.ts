import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { COMPARED_VERSION, dockerMajor } from '../../../../tests/support/docker-version.ts';
import { type FakeEngine, startFakeEngine } from '../../../../tests/support/fake-engine.ts';
import { sideBySide } from '../../../../tests/support/side-by-side.ts';
import { renderImageTree, type TreeImage } from '../../render/image-tree.ts';

const digest = (letter: string) => `sha256:${letter.repeat(64)}`;

function manifest(letter: string, architecture: string, containers: string[], variant?: string) {
  const Platform = { os: 'linux', architecture, ...(variant && { variant }) };
  return {
    ID: digest(letter),
    Descriptor: { digest: digest(letter), size: 500, mediaType: 'application/vnd.oci.image.manifest.v1+json' },
    Available: true,
    Size: { Content: 3_000_000, Total: 9_123_456 },
    Kind: 'image',
    ImageData: { Platform, Containers: containers, Size: { Unpacked: 6_123_456 } },
  };
}

function image(letter: string, created: number, more: Partial<TreeImage>): TreeImage {
  return {
    Id: digest(letter),
    RepoTags: [],
    RepoDigests: [],
    Created: created,
    Size: 12_345_678,
    Containers: -1,
    ...more,
  };
}

const attestation = {
  ID: digest('9'),
  Kind: 'attestation',
  Available: true,
  Size: { Content: 90_000_000, Total: 90_000_000 },
  AttestationData: { For: digest('1') },
};
const images: TreeImage[] = [
  image('a', 100, {
    RepoTags: ['b:1', 'aa:1', 'cccc:1', 'bb:1'],
    Manifests: [manifest('1', 'amd64', ['c1']), manifest('2', 'arm64', [], 'v8'), attestation],
  }),
  image('b', 300, {
    RepoTags: ['r.example/team/very-long-image-name-here-and-even-longer-than-that:with-a-long-tag'],
    Manifests: [manifest('3', 'amd64', [])],
  }),
  image('c', 200, { RepoDigests: ['x@sha256:1'] }),
  image('d', 400, { RepoTags: null, RepoDigests: null }),
  image('e', 50, { RepoTags: ['none:1'], Containers: 2 }),
];

describe.skipIf(dockerMajor() < COMPARED_VERSION)("image ls --tree beside Docker's client", () => {
  let engine: FakeEngine;
  beforeAll(async () => {
    engine = await startFakeEngine({ 'GET /images/json': { json: images } });
  });
  afterAll(() => engine[Symbol.asyncDispose]());

  it.each([
    'images --tree',
    'image ls --tree -a',
    'images --tree -q',
    'images --tree --no-trunc',
    'images --tree --digests',
    'images --tree --format json',
    'images --tree -f label=x alpine',
  ])('%s', async (line) => {
    const { docker, berth } = await sideBySide(engine, line.split(' '));
    // Docker's client paints also what goes into a file.
    // biome-ignore lint/suspicious/noControlCharactersInRegex: the escape codes themselves
    expect(berth).toEqual({ ...docker, stdout: docker.stdout.replaceAll(/\x1b\[[\d;]*m/g, '') });
    const asked = engine.seen.splice(0).map(({ query }) => query.manifests);
    expect(new Set(asked).size).toBeLessThan(2);
  });
});

describe('the tree', () => {
  it('leaves columns out where names have no room, and fills the terminal', () => {
    const widths = [120, 80, 63, 62, 47, 40].map((columns) => {
      const lines = renderImageTree(images, { all: false, columns, colors: false }).split('\n');
      return [columns, lines[3]?.length, lines[3]?.includes('EXTRA'), lines[3]?.includes('CONTENT SIZE')];
    });
    expect(widths).toEqual([
      [120, 120, true, true],
      [80, 80, true, true],
      [63, 63, true, true],
      [62, 62, false, true],
      [47, 47, false, false],
      [40, 40, false, false],
    ]);
  });

  it('is painted on terminals only', () => {
    expect(renderImageTree(images, { all: true, columns: 80, colors: true })).toContain('\x1b[34m\x1b[1mb:1\x1b[0m');
    expect(renderImageTree(images, { all: true, columns: 80, colors: false })).not.toContain('\x1b');
  });
});
