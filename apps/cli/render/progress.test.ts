import { describe, expect, it } from 'vitest';
import { type ProgressMessage, progressBar, renderProgress } from './progress.ts';

async function show(messages: ProgressMessage[], columns?: number): Promise<string> {
  let text = '';
  const out = {
    write: (data: string | Uint8Array) => {
      text += data;
    },
    drain: async () => undefined,
    isTerminal: columns !== undefined,
    size: () => (columns === undefined ? undefined : { columns, rows: 24 }),
  };
  await renderProgress(
    (async function* () {
      yield* messages;
    })(),
    out,
  );
  return text;
}

describe('renderProgress', () => {
  const messages: ProgressMessage[] = [
    { status: 'Pulling from x', id: 'latest' },
    { status: 'Waiting', id: 'a', progressDetail: {} },
    { status: 'Downloading', id: 'a', progressDetail: { current: 1000, total: 2000 } },
    { status: 'Done' },
  ];

  it('prints each status once where there is no terminal, and no bars', async () => {
    expect(await show(messages)).toBe('latest: Pulling from x\na: Waiting\nDone\n');
  });

  it('redraws lines on a terminal', async () => {
    const bar = `[${'='.repeat(25)}>${' '.repeat(25)}]      1kB/2kB`;
    expect(await show(messages, 120)).toBe(
      `latest: Pulling from x\n\n\x1b[1A\x1b[2K\ra: Waiting \r\x1b[1B\x1b[1A\x1b[2K\ra: Downloading ${bar}\r\x1b[1BDone\n`,
    );
  });

  it('throws what the stream reports', async () => {
    await expect(show([{ error: 'old' }])).rejects.toThrow('old');
    await expect(show([{ error: 'x', errorDetail: { code: 1, message: 'why' } }])).rejects.toThrow('why');
  });

  it('keeps data for programs out of sight', async () => expect(await show([{ aux: { ID: 'x' } }])).toBe(''));
});

describe('progressBar', () => {
  it.each([
    [{}, ''],
    [{ current: 5 }, '      5B'],
    [{ current: 5, units: 's' }, '5 s'],
    [{ current: 50, total: 10 }, `[${'='.repeat(50)}>]      50B`],
    [{ current: 1, total: 4, hidecounts: true }, `[${'='.repeat(12)}>${' '.repeat(38)}] `],
    [{ current: 1, total: 4, units: 'x' }, `[${'='.repeat(12)}>${' '.repeat(38)}] 1/4 x`],
  ])('%j', (detail, text) => expect(progressBar(detail, 200)).toBe(text));

  it('is numbers alone on a narrow terminal', () => {
    expect(progressBar({ current: 1000, total: 4000 }, 80)).toBe('     1kB/4kB');
  });
});
