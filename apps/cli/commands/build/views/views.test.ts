import type { BuildProgress } from '@berth/contract';
import { describe, expect, it } from 'vitest';
import { frameLines, liveView, redraw } from './live.ts';
import { plainView } from './plain.ts';
import { printable } from './printable.ts';
import { Steps } from './steps.ts';

const at = (seconds: number) => new Date(1_700_000_000_000 + seconds * 1000).toISOString();
const log = (vertex: string, text: string, seconds: number): BuildProgress => ({
  logs: [{ vertex, stream: 1, data: Buffer.from(text).toString('base64'), timestamp: at(seconds) }],
});

/** Two stages side by side, one of them cached, a pull, a failure. */
const BUILD: BuildProgress[] = [
  { vertexes: [{ digest: 'a', name: '[base 1/2] FROM debian', started: at(0) }] },
  {
    statuses: [
      { id: 'abc', name: 'extracting abc', vertex: 'a', current: 500, total: 1000, timestamp: at(0.5), started: at(0) },
    ],
  },
  {
    statuses: [
      {
        id: 'abc',
        name: 'extracting abc',
        vertex: 'a',
        current: 1000,
        total: 1000,
        timestamp: at(1),
        started: at(0),
        completed: at(1),
      },
    ],
    vertexes: [{ digest: 'a', name: '[base 1/2] FROM debian', started: at(0), completed: at(1) }],
  },
  {
    vertexes: [
      { digest: 'b', name: '[base 2/2] RUN make', started: at(1) },
      { digest: 'c', name: '[docs 2/2] RUN pandoc', started: at(1) },
      { digest: 'd', name: '[docs 1/2] COPY . .', started: at(1), completed: at(1), cached: true },
    ],
  },
  log('b', 'one\ntw', 1.25),
  log('c', 'page\n', 1.5),
  log('b', 'o\n10%\r100%\n', 2),
  {
    vertexes: [{ digest: 'c', name: '[docs 2/2] RUN pandoc', started: at(1), completed: at(3), error: 'exit code: 1' }],
  },
];

describe('the plain view', () => {
  it('numbers its lines and takes steps up again where others spoke in between', () => {
    let text = '';
    const view = plainView((more) => {
      text += more;
    });
    for (const progress of BUILD) view.take(progress);
    view.end('exit code: 1');
    expect(text).toBe(
      `#1 [base 1/2] FROM debian
#1 extracting abc 1kB / 1kB 1.0s done
#1 DONE 1.0s

#2 [base 2/2] RUN make
#2 ...

#3 [docs 2/2] RUN pandoc
#3 ...

#4 [docs 1/2] COPY . .
#4 CACHED

#2 [base 2/2] RUN make
#2 0.250 one
#2 ...

#3 [docs 2/2] RUN pandoc
#3 0.500 page
#3 ...

#2 [base 2/2] RUN make
#2 1.000 two
#2 1.000 100%
#2 ...

#3 [docs 2/2] RUN pandoc
#3 ERROR: exit code: 1

------
 > [docs 2/2] RUN pandoc:
0.500 page
------
`,
    );
  });

  it('bounds what it keeps of a log', () => {
    const steps = new Steps();
    steps.take({ vertexes: [{ digest: 'a', name: 'x', started: at(0) }] });
    for (let count = 0; count < 50; count++) steps.take(log('a', `${'y'.repeat(10_000)}\n`, 1));
    const [step] = steps.all;
    expect(step?.tail.length).toBeLessThan(8);
    steps.take(log('a', 'z'.repeat(200_000), 1));
    expect(step?.partial).toBe('');
  });
});

describe('the live view', () => {
  const steps = () => {
    const all = new Steps();
    for (const progress of BUILD.slice(0, -1)) all.take(progress);
    return all.all;
  };
  const frame = (columns: number, rows: number, last = false) =>
    frameLines(steps(), { columns, rows, last, startedAt: Date.now() }).map((line) => line.replace(/\d+\.\d+s/, 'T'));

  it('has a line a step, what it does now below it, and its time at the right', () => {
    expect(frame(60, 24).map((line) => line.trimEnd().replace(/ {2,}/g, '  '))).toEqual([
      '[+] Building T (2/4)',
      ' => [base 1/2] FROM debian  T',
      ' => [base 2/2] RUN make  T',
      ' => => # one',
      ' => => # two',
      ' => => # 100%',
      ' => [docs 2/2] RUN pandoc  T',
      ' => => # page',
      ' => CACHED [docs 1/2] COPY . .  T',
    ]);
  });

  it.each([200, 80, 40, 20, 5])('has no line wider than a terminal of %i columns', (columns) => {
    for (const line of frameLines(steps(), {
      columns: Math.max(20, columns),
      rows: 24,
      last: false,
      startedAt: Date.now(),
    }))
      expect(line.length).toBeLessThan(Math.max(20, columns));
  });

  it('gives up logs first, then finished steps, where the terminal is low', () => {
    expect(frame(60, 6).map((line) => line.slice(4, 16))).toEqual([
      expect.stringContaining('Building'),
      '[base 1/2] F',
      '[base 2/2] R',
      '[docs 2/2] R',
      'CACHED [docs',
    ]);
    expect(frame(60, 4).map((line) => line.slice(4, 14))).toEqual([
      expect.stringContaining('Building'),
      '[base 2/2]',
      '[docs 2/2]',
    ]);
    expect(frame(60, 1)).toHaveLength(2);
    expect(frame(60, 4, true)).toHaveLength(6);
  });

  it('writes only what changed, over the last frame, in one piece', () => {
    expect(redraw(['a', 'b'], ['a', 'b'], undefined, false)).toBe('');
    const text = redraw(['a', 'b'], ['a', 'c', 'd'], undefined, false);
    expect(screen(['a', 'b'], text)).toEqual(['a', 'c', 'd', '']);
    expect(text).not.toContain('a');
    expect(screen(['a', 'b', 'c'], redraw(['a', 'b', 'c'], ['x'], undefined, false))).toEqual(['x', '']);
  });

  it('clears what was wrapped when the terminal became narrower', () => {
    const text = redraw(['a'.repeat(30), 'b'], ['aa', 'b'], 20, false);
    expect(text).toContain('\x1b[3A\x1b[J');
  });

  it('hides the cursor while it draws and shows it at the end', () => {
    let text = '';
    const out = {
      write: (more: string | Uint8Array) => {
        text += String(more);
      },
      size: () => ({ columns: 60, rows: 10 }),
    };
    const view = liveView(out, { color: false, onResize: () => () => undefined });
    for (const progress of BUILD) view.take(progress);
    view.end('exit code: 1');
    expect(text.startsWith('\x1b[?25l')).toBe(true);
    expect(text.split('\x1b[?25h')).toHaveLength(2);
    expect(text).toContain(' => ERROR [docs 2/2] RUN pandoc');
    expect(text.endsWith('------\n > [docs 2/2] RUN pandoc:\n0.500 page\n------\n')).toBe(true);
  });

  it('shows the cursor again when it is interrupted', () => {
    let text = '';
    let tidy = () => {};
    const out = {
      write: (more: string | Uint8Array) => {
        text += String(more);
      },
      size: () => ({ columns: 60, rows: 10 }),
    };
    const onInterrupt = (given: () => void) => {
      tidy = given;
      return () => undefined;
    };
    const view = liveView(out, { color: false, onResize: () => () => undefined, onInterrupt });
    tidy();
    expect(text).toBe('\x1b[?25l\x1b[?25h');
    view.end();
  });

  it('lets no program move the cursor', () => {
    expect(printable('a\x1b[31mred\x1b[0m\x1b]0;title\x07\tb\x1b[2J\x08\x7fc\x1b[')).toBe('ared    bc');
  });
});

/** A terminal that knows what `redraw` uses; the cursor begins below `lines`. */
function screen(lines: readonly string[], text: string): string[] {
  const rows = [...lines, ''];
  let row = lines.length;
  let column = 0;
  // biome-ignore lint/suspicious/noControlCharactersInRegex: it is a terminal
  for (const [all, count, code] of text.matchAll(/\x1b\[\??(\d*)([A-Za-z])|\r|\n|[^\x1b\r\n]+/g)) {
    if (code === 'A') row -= Number(count);
    else if (code === 'B') row += Number(count);
    else if (code === 'K') rows[row] = (rows[row] ?? '').slice(0, column);
    else if (code === 'J') rows.splice(row, rows.length, '');
    else if (all === '\r') column = 0;
    else if (all === '\n') row++;
    else if (code === undefined) {
      rows[row] = all + (rows[row] ?? '').slice(all.length);
      column = all.length;
    }
    rows[row] ??= '';
  }
  return rows;
}
