import { expect, it } from 'vitest';
import { SharedSteps } from './shared-steps.ts';

const listener = () => undefined;

it('who asks for a step while it is being given up begins it anew', async () => {
  const steps = new SharedSteps<string>();
  const { signal, abort } = signalOf();
  const slow = Promise.withResolvers<string>();
  const first = steps.run('key', { signal, listener }, (given) => {
    given.addEventListener('abort', () => setTimeout(() => slow.reject(new Error('taken back')), 20));
    return slow.promise;
  });
  abort();
  // Before the first has ended: its waiters are gone, and its work is not.
  await new Promise((resolve) => setImmediate(resolve));
  const other = signalOf();
  const second = steps.run('key', { signal: other.signal, listener }, async () => 'done');
  await expect(first).rejects.toThrow('the build was canceled');
  expect(await second).toEqual({ result: 'done', isOwn: true });
  // The end of the first takes nothing from those who came after.
  const third = steps.run('key', { signal: other.signal, listener }, async () => 'again');
  expect(await third).toEqual({ result: 'again', isOwn: true });
});

it('who asks for a step under way waits for it', async () => {
  const steps = new SharedSteps<string>();
  const { signal } = signalOf();
  const work = Promise.withResolvers<string>();
  const both = [1, 2].map(() => steps.run('key', { signal, listener }, () => work.promise));
  work.resolve('one');
  expect(await Promise.all(both)).toEqual([
    { result: 'one', isOwn: true },
    { result: 'one', isOwn: false },
  ]);
});

function signalOf() {
  const controller = new AbortController();
  return { signal: controller.signal, abort: () => controller.abort() };
}
