import type { FlagSpec } from '../command.ts';

/** Words before the one that is completed, read as far as they go. */
export interface Scan {
  /** A flag that still needs its value: the word to complete is that value. */
  pending: FlagSpec | undefined;
  args: string[];
  /** No flag may follow. */
  flagsEnded: boolean;
  /** Long names of the flags that are there. */
  used: Set<string>;
}

/** As `parseFlags`, but forgiving: what is unknown or half written is passed over. */
export function scanWords(words: readonly string[], specs: readonly FlagSpec[], interspersed: boolean): Scan {
  const scan: Scan = { pending: undefined, args: [], flagsEnded: false, used: new Set() };
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? '';
    if (scan.flagsEnded || !word.startsWith('-') || word === '-') {
      if (!scan.flagsEnded && !interspersed) scan.flagsEnded = true;
      scan.args.push(word);
      continue;
    }
    if (word === '--') {
      scan.flagsEnded = true;
      continue;
    }
    const spec = word.startsWith('--') ? longFlag(word, specs, scan) : shortFlags(word.slice(1), specs, scan);
    if (!spec) continue;
    // It takes the next word, or the one that is being written.
    if (++at >= words.length) scan.pending = spec;
  }
  return scan;
}

/** The flag when its value is yet to come. */
function longFlag(word: string, specs: readonly FlagSpec[], scan: Scan): FlagSpec | undefined {
  const [name = '', ...value] = word.slice(2).split('=');
  const spec = specs.find(({ long }) => long === name);
  if (spec) scan.used.add(spec.long);
  return value.length > 0 || !spec || spec.type === 'bool' ? undefined : spec;
}

/** The last of `-itv` when its value is yet to come. */
function shortFlags(letters: string, specs: readonly FlagSpec[], scan: Scan): FlagSpec | undefined {
  for (let at = 0; at < letters.length; at++) {
    const spec = specs.find(({ short }) => short === letters[at]);
    if (!spec) return undefined;
    scan.used.add(spec.long);
    if (spec.type !== 'bool') return at === letters.length - 1 ? spec : undefined;
  }
  return undefined;
}
