import { describe, expect, it } from 'vitest';
import golden from './help.golden.json' with { type: 'json' };
import { commandHelp } from './help.ts';
import { entries } from './registry.ts';

/** Options of Docker's that this engine does not have; their lines are taken out of Docker's text. */
const ABSENT = ['checkpoint', 'checkpoint-dir', 'use-api-socket'];

/** Options in one line each, so that a missing wide one does not move the others. */
function flatten(text: string): string {
  const [head = '', options = ''] = text.split('Options:\n');
  const flags = options
    .split(/\n(?= {2,6}-)/)
    .filter((flag) => !ABSENT.some((name) => new RegExp(`--${name} `).test(flag)))
    .map((flag) => flag.trim().replaceAll(/\s+/g, ' '));
  return [head, ...flags].join('\n');
}

async function help(words: string): Promise<string> {
  const entry = entries.find((candidate) => candidate.path === words || candidate.aliases?.includes(words));
  if (!entry) return `no command ${words}`;
  const shown = words.includes(' ') ? entry.path : words;
  return commandHelp(shown, entry, await entry.load(), { programName: 'docker', columns: 80 });
}

describe("help is Docker's, to the byte", () => {
  it.each(Object.entries(golden))('%s', async (words, expected) => {
    const ours = await help(words);
    if (ABSENT.some((name) => expected.includes(`--${name}`))) expect(flatten(ours)).toBe(flatten(expected));
    else expect(ours).toBe(expected);
  });
});

describe('the registry', () => {
  it('names every word once', () => {
    const words = entries.flatMap((entry) => [entry.path, ...(entry.aliases ?? [])]);
    expect(words.filter((word, index) => words.indexOf(word) !== index)).toEqual([]);
  });

  it('loads every command, and no command has two flags of one name', async () => {
    for (const entry of entries) {
      const { flags } = await entry.load();
      const names = flags.flatMap((flag) => [flag.long, ...(flag.short ? [flag.short] : [])]);
      expect(names, entry.path).toEqual([...new Set(names)]);
    }
  });
});
