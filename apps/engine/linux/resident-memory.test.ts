import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { cleanFileMappings, releaseResidentMemory } from './resident-memory.ts';

const mapping = (head: string, facts: Record<string, number>) =>
  `${head}\n${Object.entries({ Private_Dirty: 0, Anonymous: 0, Locked: 0, ...facts })
    .map(([name, kib]) => `${name}: ${kib} kB`)
    .join('\n')}\n`;

test('only clean, unwritable mappings of files are given back', () => {
  const text = mapping('400000-401000 r-xp 00000000 fe:00 12 /bin/x', {});
  const changed = mapping('401000-402000 r--p 00000000 fe:00 12 /bin/x', { Private_Dirty: 4, Anonymous: 4 });
  const writable = mapping('402000-403000 rw-p 00000000 fe:00 12 /bin/x', {});
  const heap = mapping('403000-404000 r-xp 00000000 00:00 0 ', {});
  const shared = mapping('404000-405000 r--s 00000000 fe:00 12 /bin/x', {});
  expect(cleanFileMappings(text + changed + writable + heap + shared)).toEqual([{ start: 0x400000n, length: 0x1000n }]);
});

test('the process is smaller afterwards and goes on', () => {
  const resident = () => Number(/^Rss: +(\d+)/m.exec(readFileSync('/proc/self/smaps_rollup', 'latin1'))?.[1]);
  const before = resident();
  releaseResidentMemory();
  expect(resident()).toBeLessThan(before);
  expect(JSON.parse('{"still":["working"]}')).toEqual({ still: ['working'] });
});
