import { expect, test } from 'vitest';
import { KeyedLock } from './keyed-lock.ts';

const turn = () => new Promise((next) => setImmediate(next));

test('one after the other for a key, in the order of asking; keys do not wait for each other', async () => {
  const lock = new KeyedLock();
  const log: string[] = [];
  const work = (key: string, name: string) =>
    lock.run(key, async () => {
      log.push(`${name} begins`);
      await turn();
      log.push(`${name} ends`);
      return name;
    });
  expect(await Promise.all([work('a', '1'), work('a', '2'), work('b', '3')])).toEqual(['1', '2', '3']);
  expect(log.filter((entry) => !entry.startsWith('3'))).toEqual(['1 begins', '1 ends', '2 begins', '2 ends']);
  expect(log.indexOf('3 begins')).toBeLessThan(log.indexOf('1 ends'));
});

test('a failure is its own, and the next one has its turn', async () => {
  const lock = new KeyedLock();
  const failing = lock.run('a', () => {
    throw new Error('no');
  });
  const next = lock.run('a', () => 'yes');
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('yes');
});

test('is idle when all has ended, what was asked for meanwhile included', async () => {
  const lock = new KeyedLock();
  let done = 0;
  void lock.run('a', async () => {
    await turn();
    void lock.run('b', async () => {
      await turn();
      done++;
    });
    done++;
  });
  await lock.idle();
  expect(done).toBe(2);
  await lock.idle();
});
