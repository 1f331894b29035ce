import { describe, expect, it } from 'vitest';
import { createSharing } from './pull-sharing.ts';
import { allOrAbort, createSlots } from './pull-slots.ts';
import type { OnProgress } from './service.ts';
import type { ProgressMessage } from './wire.ts';

function subscriber() {
  const said: ProgressMessage[] = [];
  const abort = new AbortController();
  return { said, abort, onProgress: (message: ProgressMessage) => void said.push(message), signal: abort.signal };
}

/** Work that says what it is told to, and ends when it is told to. */
function steered() {
  const end = Promise.withResolvers<string>();
  const begun = Promise.withResolvers<{ emit: OnProgress; signal: AbortSignal }>();
  let runs = 0;
  return {
    end,
    begun: begun.promise,
    runs: () => runs,
    work: (emit: OnProgress, signal: AbortSignal) => {
      runs++;
      begun.resolve({ emit, signal });
      signal.addEventListener('abort', () => end.reject(signal.reason));
      return end.promise;
    },
  };
}

describe('sharing', () => {
  it('runs once for two, and tells the later one what was said', async () => {
    const share = createSharing<string>();
    const [a, b, steer] = [subscriber(), subscriber(), steered()];
    const first = share.run('key', a, steer.work);
    const { emit } = await steer.begun;
    emit({ status: 'Pulling from x', id: 'latest' });
    emit({ status: 'Downloading', id: 'l1' });
    emit({ status: 'Download complete', id: 'l1' });
    const second = share.run('key', b, steer.work);
    emit({ status: 'Pull complete', id: 'l1' });
    steer.end.resolve('done');
    expect(await Promise.all([first, second])).toEqual(['done', 'done']);
    expect(steer.runs()).toBe(1);
    expect(a.said.map(({ status }) => status)).toEqual([
      'Pulling from x',
      'Downloading',
      'Download complete',
      'Pull complete',
    ]);
    expect(b.said.map(({ status }) => status)).toEqual(['Pulling from x', 'Download complete', 'Pull complete']);
  });

  it('goes on when one of two leaves, and ends when the last does', async () => {
    const share = createSharing<string>();
    const [a, b, steer] = [subscriber(), subscriber(), steered()];
    const first = share.run('key', a, steer.work);
    const second = share.run('key', b, steer.work);
    const { signal, emit } = await steer.begun;
    a.abort.abort();
    await expect(first).rejects.toMatchObject({ code: 'canceled' });
    expect(signal.aborted).toBe(false);
    emit({ status: 'for b only' });
    expect(a.said).toEqual([]);
    b.abort.abort();
    await expect(second).rejects.toMatchObject({ code: 'canceled' });
    expect(signal.aborted).toBe(true);
    const again = steered();
    again.end.resolve('anew');
    expect(await share.run('key', subscriber(), again.work)).toBe('anew');
  });

  it('passes a failure to all, and forgets it', async () => {
    const share = createSharing<string>();
    const steer = steered();
    const both = [share.run('key', subscriber(), steer.work), share.run('key', subscriber(), steer.work)];
    steer.end.reject(new Error('no'));
    for (const result of await Promise.allSettled(both)) expect(result.status).toBe('rejected');
    const again = steered();
    again.end.resolve('yes');
    expect(await share.run('key', subscriber(), again.work)).toBe('yes');
  });

  it('keeps different keys apart', async () => {
    const share = createSharing<string>();
    const [x, y] = [steered(), steered()];
    x.end.resolve('x');
    y.end.resolve('y');
    expect(await Promise.all([share.run('x', subscriber(), x.work), share.run('y', subscriber(), y.work)])).toEqual([
      'x',
      'y',
    ]);
  });
});

describe('slots', () => {
  it('let so many run at once, in order', async () => {
    const slots = createSlots(() => 2);
    const order: number[] = [];
    let [running, most] = [0, 0];
    const work = (n: number) => async () => {
      order.push(n);
      most = Math.max(most, ++running);
      await Promise.resolve();
      running--;
      if (n === 3) throw new Error('three');
      return n;
    };
    const results = await Promise.allSettled([1, 2, 3, 4, 5].map((n) => slots.run(work(n))));
    expect(results.map(({ status }) => status)).toEqual([
      'fulfilled',
      'fulfilled',
      'rejected',
      'fulfilled',
      'fulfilled',
    ]);
    expect(order).toEqual([1, 2, 3, 4, 5]);
    expect(most).toBe(2);
    expect(slots.full).toBe(false);
  });

  it('follow a limit that changes', async () => {
    let limit = 1;
    const slots = createSlots(() => limit);
    const ends = [1, 2, 3, 4].map(() => Promise.withResolvers<void>());
    const begun: number[] = [];
    const all = ends.map((end, n) =>
      slots.run(() => {
        begun.push(n);
        return end.promise;
      }),
    );
    const settled = () => new Promise((resolve) => setImmediate(resolve));
    await settled();
    expect(begun).toEqual([0]);
    limit = 3;
    ends[0]!.resolve();
    await settled();
    expect(begun).toEqual([0, 1, 2, 3]);
    for (const end of ends) end.resolve();
    await Promise.all(all);
    expect(slots.full).toBe(false);
  });

  it('allOrAbort throws the first failure after all have ended', async () => {
    const stop = new AbortController();
    let ended = false;
    const slow = new Promise<void>((_, reject) => {
      stop.signal.addEventListener('abort', () =>
        setImmediate(() => {
          ended = true;
          reject(new Error('second'));
        }),
      );
    });
    await expect(allOrAbort([slow, Promise.reject(new Error('first'))], stop)).rejects.toThrow('first');
    expect(ended).toBe(true);
  });
});
