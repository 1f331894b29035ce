import { expect, test } from 'vitest';
import { renderPullExplanation } from './pull-explanation.ts';

const digest = `sha256:${'ab'.repeat(32)}`;

test('tells places, stages, pauses and layers', () => {
  const text = renderPullExplanation({
    reference: 'busybox:latest',
    digest,
    sources: [
      { kind: 'mirror', name: 'https://m.example', error: 'manifest unknown' },
      { kind: 'registry', name: 'docker.io' },
    ],
    times: { resolve: 40, layers: 1500, register: 60, total: 1600 },
    layers: [
      {
        digest,
        size: 2_500_000,
        result: 'resumed',
        from: 'https://cdn.example',
        received: 1_000_000,
        kept: 1_500_000,
        retries: 1,
        times: { queued: 0, download: 1200, verify: 10, unpack: 300 },
      },
    ],
    waits: [{ digest, host: 'cdn.example', reason: '429 Too Many Requests', milliseconds: 1000 }],
  });
  expect(text).toBe(`Image   busybox:latest
Digest  ${digest}
Asked   mirror https://m.example: manifest unknown
Asked   registry docker.io
Time    1.60s: resolve 40ms, layers 1.50s, register 60ms
Waited  1.00s for cdn.example, layer abababababab: 429 Too Many Requests

LAYER          SIZE    RESULT    FROM                  RECEIVED   KEPT    RETRIES   QUEUED   DOWNLOAD   VERIFY   UNPACK
abababababab   2.5MB   resumed   https://cdn.example   1MB        1.5MB   1         0ms      1.20s      10ms     300ms
`);
});

test('of an image that was here there are no layers', () => {
  const times = { resolve: 5, layers: 0, register: 0, total: 5 };
  expect(renderPullExplanation({ reference: 'a:1', sources: [], times, layers: [], waits: [] })).toBe(
    'Image   a:1\nDigest  not found out\nTime    5ms: resolve 5ms, layers 0ms, register 0ms\n',
  );
});
