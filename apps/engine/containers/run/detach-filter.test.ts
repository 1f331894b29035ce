import { buffer } from 'node:stream/consumers';
import { expect, test } from 'vitest';
import { DetachFilter } from './detach-filter.ts';

const [P, Q] = [16, 17];

/** Types the pieces one after the other and returns what got through, and whether it detached. */
async function typed(keys: number[], ...pieces: number[][]) {
  let detached = false;
  const filter = new DetachFilter(keys, () => {
    detached = true;
  });
  for (const piece of pieces) filter.write(Buffer.from(piece));
  filter.end();
  return { text: [...(await buffer(filter))], detached };
}

test.each<[string, number[][], number[], boolean]>([
  ['nothing special', [[1, 2, 3]], [1, 2, 3], false],
  ['the sequence', [[P, Q]], [], true],
  ['the sequence in two pieces', [[P], [Q]], [], true],
  ['text before it', [[65, P], [Q]], [65], true],
  ['text after it is not for the program', [[P, Q, 65, 66]], [], true],
  ['its beginning, then something else', [[P], [65]], [P, 65], false],
  ['its beginning twice', [[P, P, Q]], [P], true],
  ['only its beginning', [[P]], [P], false],
  ['only its end', [[Q]], [Q], false],
])('%s', async (_, pieces, text, detached) => {
  expect(await typed([P, Q], ...pieces)).toEqual({ text, detached });
});

test('one key, and none', async () => {
  expect(await typed([1], [65, 1, 66])).toEqual({ text: [65], detached: true });
  expect(await typed([], [P, Q])).toEqual({ text: [P, Q], detached: false });
});

test('large pastes', async () => {
  const { text, detached } = await typed(
    [P, Q],
    Array.from({ length: 300_000 }, () => 65),
  );
  expect([text.length, detached]).toEqual([300_000, false]);
});
