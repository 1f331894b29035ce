import { describe, expect, it } from 'vitest';
import { createProgress, formatBar } from './progress.ts';
import type { ProgressMessage } from './wire.ts';

function record() {
  const said: ProgressMessage[] = [];
  let time = 0;
  const progress = createProgress(
    (message) => said.push(message),
    () => time,
  );
  return { said, progress, wait: (milliseconds: number) => (time += milliseconds) };
}

describe('progress', () => {
  it('is worded and shaped as Docker’s', () => {
    const { said, progress } = record();
    progress.message('Pulling from library/busybox', 'latest');
    progress.layer('abc', 'Pulling fs layer');
    progress.layer('abc', 'Downloading', 5_000_000, 10_000_000);
    progress.message('Digest: sha256:x');
    progress.aux({ Tag: 'latest', Size: 1 });
    expect(said).toEqual([
      { status: 'Pulling from library/busybox', id: 'latest' },
      { status: 'Pulling fs layer', progressDetail: {}, id: 'abc' },
      {
        status: 'Downloading',
        progressDetail: { current: 5_000_000, total: 10_000_000 },
        progress: `[${'='.repeat(25)}>${' '.repeat(25)}]      5MB/10MB`,
        id: 'abc',
      },
      { status: 'Digest: sha256:x' },
      { progressDetail: {}, aux: { Tag: 'latest', Size: 1 } },
    ]);
  });

  it('repeats figures ten times a second, and always says the last and every change of state', () => {
    const { said, progress, wait } = record();
    for (let at = 0; at <= 1000; at++) {
      progress.layer('abc', 'Downloading', at, 1000);
      progress.layer('def', 'Downloading', at, 2000);
      wait(1);
    }
    progress.layer('abc', 'Download complete');
    const of = (id: string) => said.filter((message) => message.id === id);
    expect(of('abc').length).toBeLessThanOrEqual(13);
    expect(of('def').length).toBeGreaterThanOrEqual(10);
    expect(of('abc').at(-2)?.progressDetail).toEqual({ current: 1000, total: 1000 });
    expect(of('abc').at(-1)?.status).toBe('Download complete');
  });

  it.each([
    [0, 0, ''],
    [512, 0, '    512B'],
    [0, 100, `[>${' '.repeat(50)}]       0B/100B`],
    [1_234_567, 2_000_000, `[${'='.repeat(30)}>${' '.repeat(20)}]  1.235MB/2MB`],
    [100, 100, `[${'='.repeat(50)}>]     100B/100B`],
    [200, 100, `[${'='.repeat(50)}>]     200B`],
  ])('draws %d of %d', (current, total, bar) => expect(formatBar(current, total)).toBe(bar));
});
