import { expect, test } from 'vitest';
import { InOrder } from './in-order.ts';

function shown(order: number[]) {
  const out: object[] = [];
  return { out, inOrder: new InOrder(order, (message) => out.push(message)) };
}
const say = (text: string) => ({ stream: text });

test('the first is shown at once, the others when those before them have ended', () => {
  const { out, inOrder } = shown([0, 2, 1]);
  inOrder.write(2, say('c'), 1);
  inOrder.write(0, say('a'), 1);
  inOrder.write(1, say('b'), 1);
  expect(out).toEqual([say('a')]);
  inOrder.end(1);
  inOrder.end(0);
  expect(out).toEqual([say('a'), say('c')]);
  inOrder.write(2, say('d'), 1);
  inOrder.end(2);
  expect(out).toEqual(['a', 'c', 'd', 'b'].map(say));
});

test('what is held back is bounded, and that is said once', () => {
  const { out, inOrder } = shown([0, 1]);
  const piece = 'x'.repeat(1024 * 1024);
  for (let n = 0; n < 10; n++) inOrder.write(1, say(piece), piece.length);
  inOrder.end(0);
  expect(out).toHaveLength(5);
  expect(JSON.stringify(out.at(-1))).toContain('output clipped');
});
