import { BerthError } from '@berth/kit';

/** Go's `filepath.Match` with `**`, as Docker reads ignore files. */
export interface PathPattern {
  /** True for the path itself; what lies below a match is the caller's business. */
  matches(path: string): boolean;
  /** False when certainly nothing below the folder can match. */
  mayMatchBelow(folder: string): boolean;
}

/**
 * A part of a pattern. `run`: any characters but `/`; `deep`: nothing, or anything that ends in `/`; `rest`: anything at
 * all; `one`: a character but `/`.
 */
type Part = 'run' | 'deep' | 'rest' | 'one' | { literal: string } | CharacterClass;

interface CharacterClass {
  not: boolean;
  ranges: readonly (readonly [from: string, to: string])[];
}

/** Parts without an end that a regular expression may have: more could make it slow on hostile names. */
const FEW = 2;

/** Reads a pattern that is clean: no `.` or `..`, no doubled slashes. Throws `invalid` as Go does. */
export function parsePattern(text: string): PathPattern {
  const parts = partsOf(text);
  const literal = literalOf(parts);
  const mayMatchBelow = (folder: string) => mayBelow(text, folder);
  if (literal !== undefined) {
    return { matches: (path) => path === literal, mayMatchBelow: (folder) => literal.startsWith(`${folder}/`) };
  }
  const special = matchEnd(text, parts);
  if (special !== undefined) return { matches: special, mayMatchBelow };
  const endless = parts.filter((part) => part === 'run' || part === 'deep' || part === 'rest').length;
  if (endless > FEW) return { matches: (path) => walk(parts, path), mayMatchBelow };
  const expression = new RegExp(`^${parts.map(expressionOf).join('')}$`, 'su');
  return { matches: (path) => expression.test(path), mayMatchBelow };
}

/** Only for tests: the way that is taken for patterns with many parts without an end. */
export function matchesByWalk(text: string, path: string): boolean {
  return walk(partsOf(text), path);
}

function partsOf(text: string): Part[] {
  const parts: Part[] = [];
  const chars = [...text];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? '';
    if (char === '*' && chars[at + 1] === '*') {
      at++;
      if (chars[at + 1] === '/') at++;
      parts.push(at + 1 >= chars.length ? 'rest' : 'deep');
    } else if (char === '*') parts.push('run');
    else if (char === '?') parts.push('one');
    else if (char === '[') {
      const { end, ...group } = readClass(chars, at + 1);
      parts.push(group);
      at = end;
    } else if (char === '\\') {
      const next = chars[++at];
      if (next === undefined) throw badPattern();
      parts.push({ literal: next });
    } else parts.push({ literal: char });
  }
  return parts;
}

/** What stands between brackets, from `start`; `end` is the closing one. */
function readClass(chars: readonly string[], start: number): CharacterClass & { end: number } {
  let at = start;
  const not = chars[at] === '^';
  if (not) at++;
  const ranges: [from: string, to: string][] = [];
  const one = () => {
    if (chars[at] === '-' || chars[at] === ']') throw badPattern();
    if (chars[at] === '\\') at++;
    const char = chars[at++];
    if (char === undefined) throw badPattern();
    return char;
  };
  while (chars[at] !== ']' || ranges.length === 0) {
    const from = one();
    if (chars[at] !== '-') {
      ranges.push([from, from]);
      continue;
    }
    at++;
    ranges.push([from, one()]);
  }
  return { not, ranges, end: at };
}

function badPattern(): BerthError {
  return new BerthError('invalid', 'syntax error in pattern');
}

function literalOf(parts: readonly Part[]): string | undefined {
  let text = '';
  for (const part of parts) {
    if (typeof part === 'string' || !('literal' in part)) return undefined;
    text += part.literal;
  }
  return text;
}

/**
 * Docker compares ends of paths where `**` stands first or last and everything else is plain: `**foo` is any path that ends
 * in foo, `foo**` one that begins so.
 */
function matchEnd(text: string, parts: readonly Part[]): ((path: string) => boolean) | undefined {
  if (parts[0] === 'rest') return () => true;
  if (parts[0] === 'deep') {
    const plain = literalOf(parts.slice(1));
    if (plain === undefined) return undefined;
    const slash = text.startsWith('**/');
    return (path) => path === plain || path.endsWith(slash ? `/${plain}` : plain);
  }
  if (parts.at(-1) !== 'rest') return undefined;
  const plain = literalOf(parts.slice(0, -1));
  return plain === undefined ? undefined : (path) => path.startsWith(plain);
}

function expressionOf(part: Part): string {
  if (part === 'run') return '[^/]*';
  if (part === 'one') return '[^/]';
  if (part === 'deep') return '(?:.*/)?';
  if (part === 'rest') return '.*';
  if ('literal' in part) return escaped(part.literal);
  return `[${part.not ? '^' : ''}${part.ranges
    .filter(([from, to]) => from <= to)
    .map(([from, to]) => `${escaped(from)}-${escaped(to)}`)
    .join('')}]`;
}

function escaped(char: string): string {
  return `\\u{${(char.codePointAt(0) ?? 0).toString(16)}}`;
}

/** Keeps the set of places in the pattern that are reached: pattern × path steps, whatever they are. */
function walk(parts: readonly Part[], path: string): boolean {
  let reached = follow(parts, [0]);
  for (const char of path) {
    const next = new Set<number>();
    for (const place of reached) {
      const part = parts[place < 0 ? -place - 1 : place];
      if (part === undefined) continue;
      if (place < 0) {
        // inside of a `deep` that has begun: it ends behind a slash
        next.add(place);
        if (char === '/') next.add(-place);
      } else if (part === 'rest' || (part === 'run' && char !== '/')) next.add(place);
      else if (typeof part !== 'string' ? fits(part, char) : part === 'one' && char !== '/') next.add(place + 1);
    }
    reached = follow(parts, next);
  }
  return reached.has(parts.length);
}

/** Adds what is reached without a character; `-place - 1` stands for "inside of the `deep` at place". */
function follow(parts: readonly Part[], places: Iterable<number>): Set<number> {
  const reached = new Set<number>();
  for (let place of places) {
    while (!reached.has(place)) {
      reached.add(place);
      if (place < 0) break;
      const part = parts[place];
      if (part === 'deep') reached.add(-place - 1);
      if (part !== 'deep' && part !== 'run' && part !== 'rest') break;
      place++;
    }
  }
  return reached;
}

function fits(part: { literal: string } | CharacterClass, char: string): boolean {
  if ('literal' in part) return part.literal === char;
  return part.ranges.some(([from, to]) => from <= char && char <= to) !== part.not;
}

/** Compares folder by folder; anything with `**` may match anywhere below. */
function mayBelow(text: string, folder: string): boolean {
  const segments = text.split('/');
  const folders = folder.split('/');
  for (const [index, name] of folders.entries()) {
    const segment = segments[index];
    if (segment === undefined) return false;
    // a class may hold a slash, so what is split may be no pattern of its own
    if (segment.includes('**') || /[[\\]/.test(segment)) return true;
    if (!walk(partsOf(segment), name)) return false;
  }
  return segments.length > folders.length;
}
