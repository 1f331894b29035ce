import { expect, test } from 'vitest';
import { SharedLock } from './shared-lock.ts';

const turn = () => new Promise<void>((next) => setImmediate(next));

test('sharers are in together, one who is alone waits for them, and those after him for him', async () => {
  const lock = new SharedLock();
  const log: string[] = [];
  const work = (name: string) => async () => {
    log.push(`${name} in`);
    await turn();
    log.push(`${name} out`);
  };
  await Promise.all([
    lock.shared('a', work('1')),
    lock.shared('a', work('2')),
    lock.exclusive('a', work('X')),
    lock.shared('a', work('3')),
    lock.shared('a', work('4')),
  ]);
  expect(log.slice(0, 2)).toEqual(['1 in', '2 in']);
  expect(log.slice(4, 6)).toEqual(['X in', 'X out']);
  expect(log.slice(6, 8)).toEqual(['3 in', '4 in']);
});

test('keys do not wait for each other; a failure gives the place back', async () => {
  const lock = new SharedLock();
  const { promise, resolve } = Promise.withResolvers<void>();
  const held = lock.exclusive('a', () => promise);
  expect(await lock.exclusive('b', async () => 'free')).toBe('free');
  const failing = lock.exclusive('a', async () => {
    throw new Error('no');
  });
  const next = lock.shared('a', async () => 'yes');
  resolve();
  await held;
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('yes');
});

test('nobody is ever alone with another, whatever comes in what order', async () => {
  const lock = new SharedLock();
  let [sharers, alone] = [0, 0];
  let seed = 1;
  const roll = () => {
    seed = (seed * 16_807) % 2_147_483_647;
    return seed;
  };
  const one = async () => {
    for (let n = 0; n < roll() % 4; n++) await turn();
    if (roll() % 3 === 0)
      await lock.exclusive('k', async () => {
        expect([sharers, ++alone]).toEqual([0, 1]);
        await turn();
        alone--;
      });
    else
      await lock.shared('k', async () => {
        sharers++;
        expect(alone).toBe(0);
        await turn();
        sharers--;
      });
  };
  await Promise.all(Array.from({ length: 500 }, one));
});
