import type { FlagSpec } from '../command.ts';
import { FlagValues } from './values.ts';

/** A flag that cannot be taken; the message is pflag's. `--help` and `-h` are not errors: see ParsedFlags.help. */
export class FlagError extends Error {
  /** A flag that was perhaps meant, with its dashes. */
  readonly suggestion: string | undefined;

  constructor(message: string, suggestion?: string) {
    super(message);
    this.name = 'FlagError';
    this.suggestion = suggestion;
  }
}

export interface ParsedFlags {
  flags: FlagValues;
  args: string[];
  /** `--help` was asked for ('long'), or by its deprecated shorthand ('short'). */
  help: false | 'long' | 'short';
}

interface Scan {
  words: readonly string[];
  at: number;
  byLong: Map<string, FlagSpec>;
  byShort: Map<string, FlagSpec>;
  result: ParsedFlags;
}

/**
 * Splits words into flags and arguments by pflag's rules: `-it`, `-eA=1`, `-p 80:80`, `--tty=false`, `--flag value`,
 * `--` ends flags. With `interspersed` false the first argument ends them too.
 */
export function parseFlags(words: readonly string[], specs: readonly FlagSpec[], interspersed: boolean): ParsedFlags {
  const scan: Scan = {
    words,
    at: 0,
    byLong: new Map(specs.map((spec) => [spec.long, spec])),
    byShort: new Map(specs.flatMap((spec) => (spec.short ? [[spec.short, spec] as const] : []))),
    result: { flags: new FlagValues(specs), args: [], help: false },
  };
  while (scan.at < words.length && !scan.result.help) {
    const word = words[scan.at++] ?? '';
    if (word === '--') {
      scan.result.args.push(...words.slice(scan.at));
      break;
    }
    if (word.startsWith('--')) takeLong(scan, word);
    else if (word.length > 1 && word.startsWith('-')) takeShorts(scan, word.slice(1));
    else if (interspersed) scan.result.args.push(word);
    else {
      scan.result.args.push(...words.slice(scan.at - 1));
      break;
    }
  }
  return scan.result;
}

function takeLong(scan: Scan, word: string): void {
  const equals = word.indexOf('=');
  const name = equals < 0 ? word.slice(2) : word.slice(2, equals);
  if (name === '' || name.startsWith('-')) throw new FlagError(`bad flag syntax: ${word}`);
  // Also where a command declares it for its help text.
  if (name === 'help') {
    scan.result.help = 'long';
    return;
  }
  const spec = scan.byLong.get(name);
  if (!spec) {
    const near = nearest(name, [...scan.byLong.keys()]);
    throw new FlagError(`unknown flag: --${name}`, near && `--${near}`);
  }
  if (equals >= 0) set(scan, spec, word.slice(equals + 1));
  else if (spec.type === 'bool') set(scan, spec, 'true');
  else if (scan.at < scan.words.length) set(scan, spec, scan.words[scan.at++] ?? '');
  else throw new FlagError(`flag needs an argument: --${name}`);
}

function takeShorts(scan: Scan, letters: string): void {
  let rest = letters;
  while (rest !== '') {
    const letter = rest.charAt(0);
    const after = rest.slice(1);
    const spec = scan.byShort.get(letter);
    if (!spec) {
      if (letter === 'h') {
        scan.result.help = 'short';
        return;
      }
      throw new FlagError(`unknown shorthand flag: '${letter}' in -${rest}`);
    }
    const lone = after === '' && spec.type !== 'bool';
    if (lone && scan.at >= scan.words.length) throw new FlagError(`flag needs an argument: '${letter}' in -${rest}`);
    // pflag takes `=` as a separator only when something follows it.
    const assigned = after.length > 1 && after.startsWith('=');
    if (assigned) set(scan, spec, after.slice(1));
    else if (spec.type === 'bool') set(scan, spec, 'true');
    else set(scan, spec, lone ? (scan.words[scan.at++] ?? '') : after);
    rest = spec.type === 'bool' && !assigned ? after : '';
  }
}

function set(scan: Scan, spec: FlagSpec, value: string): void {
  try {
    scan.result.flags.add(spec, value);
  } catch (error) {
    const names = spec.short ? `-${spec.short}, --${spec.long}` : `--${spec.long}`;
    const reason = error instanceof Error ? error.message : String(error);
    throw new FlagError(`invalid argument ${JSON.stringify(value)} for "${names}" flag: ${reason}`);
  }
}

/** The nearest candidate: one edit away, or two in a long word; undefined when none is that near. */
export function nearest(word: string, candidates: readonly string[]): string | undefined {
  let best: string | undefined;
  let least = 3;
  for (const candidate of candidates) {
    const distance = editDistance(word, candidate);
    if (distance < least && (distance === 1 ? candidate.length > 2 : candidate.length > 6)) {
      best = candidate;
      least = distance;
    }
  }
  return best;
}

/** Levenshtein distance where swapping neighbours counts once. */
function editDistance(a: string, b: string): number {
  const rows: number[][] = [Array.from({ length: b.length + 1 }, (_, j) => j)];
  for (let i = 1; i <= a.length; i++) {
    const row = [i];
    for (let j = 1; j <= b.length; j++) {
      const same = a[i - 1] === b[j - 1];
      let least = Math.min(
        (rows[i - 1]?.[j] ?? 0) + 1,
        (row[j - 1] ?? 0) + 1,
        (rows[i - 1]?.[j - 1] ?? 0) + (same ? 0 : 1),
      );
      if (i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1])
        least = Math.min(least, (rows[i - 2]?.[j - 2] ?? 0) + 1);
      row.push(least);
    }
    rows.push(row);
  }
  return rows[a.length]?.[b.length] ?? 0;
}
