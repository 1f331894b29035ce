import { describe, expect, it } from 'vitest';
import { composeFlags, keyOf, named, titles } from './flag-tests.ts';

describe('flags of Compose and the titles of their tests', async () => {
  const all = await composeFlags();

  it('every flag that help shows has a test whose title begins with it', () => {
    const tested = new Set(titles().flatMap((title) => named(title, all).flags));
    const shown = all.filter(({ flag }) => flag.hidden !== true).map(keyOf);
    expect(shown.length).toBeGreaterThan(200);
    expect(shown.filter((key) => !tested.has(key))).toEqual([]);
  });

  it('titles name flags that there are', () => {
    expect(titles().flatMap((title) => named(title, all).unknown)).toEqual([]);
  });

  it.each([
    ['ps --filter: by status', ['ps --filter'], []],
    ['commit -a -m -c: all of them', ['commit --author', 'commit --message', 'commit --change'], []],
    ['attach --index, logs --index: the second', ['attach --index', 'logs --index'], []],
    ['up -V, --renew-anon-volumes: new ones', ['up --renew-anon-volumes', 'up --renew-anon-volumes'], []],
    ['run -it: at a terminal', ['run --interactive', 'run --tty'], []],
    ['bridge convert --output: a folder', ['bridge convert --output'], []],
    ['config --variables --format json: for programs', ['config --variables', 'config --format'], []],
    ['--dry-run: %s', ['--dry-run'], []],
    ['-f -: what comes in', ['--file'], []],
    ['watch --prune=false: stays', ['watch --prune'], []],
    ['ps --none: is not there', [], ['ps --none']],
    ['cp without --index: the first', [], []],
    ['ps --filter without a colon', [], []],
  ])('reads: %s', (title, flags, unknown) => {
    expect(named(title, all)).toEqual({ flags, unknown });
  });
});
