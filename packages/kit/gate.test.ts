import { expect, test } from 'vitest';
import { Gate } from './gate.ts';

test('lets so many pass at a time, in order', async () => {
  const gate = new Gate(2);
  const passed: number[] = [];
  const leaving = [1, 2, 3, 4].map(async (n) => {
    const leave = await gate.enter();
    passed.push(n);
    return leave;
  });
  const [first, second] = await Promise.all([leaving[0]!, leaving[1]!]);
  expect(passed).toEqual([1, 2]);
  second();
  const third = await leaving[2]!;
  expect(passed).toEqual([1, 2, 3]);
  second(); // again: changes nothing
  await Promise.resolve();
  expect(passed).toEqual([1, 2, 3]);
  first();
  (await leaving[3]!)();
  third();
  const again = await Promise.all([gate.enter(), gate.enter()]);
  expect(again).toHaveLength(2);
});
