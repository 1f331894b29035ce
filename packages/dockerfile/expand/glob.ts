/** A part of a shell pattern: a character as it is, any one character, or any run of characters. */
type Part = { literal: string } | 'one' | 'run';

/** A shell pattern of `*`, `?` and characters; no brackets, as in Docker. */
export interface ShellPattern {
  parts: readonly Part[];
}

/** Reads a pattern; `\*`, `\?` and `\\` mean the character. Returns the escape that is not allowed as a string. */
export function parseShellPattern(text: string): ShellPattern | { badEscape: string } {
  const parts: Part[] = [];
  const chars = [...text];
  for (let at = 0; at < chars.length; at++) {
    const char = chars[at] ?? '';
    if (char === '*') {
      if (parts.at(-1) !== 'run') parts.push('run');
    } else if (char === '?') parts.push('one');
    else if (char !== '\\') parts.push({ literal: char });
    else {
      const next = chars[at + 1];
      if (next === '}' || next === '/') continue;
      if (next !== '*' && next !== '?' && next !== '\\') return { badEscape: next ?? '' };
      parts.push({ literal: next });
      at++;
    }
  }
  return { parts };
}

/** Reads the pattern from behind, for matches that end where a value ends. */
export function reversed(pattern: ShellPattern): ShellPattern {
  return { parts: pattern.parts.toReversed() };
}

/** Steps that one expansion may spend on patterns; ordinary ones take some thousands. */
export const PATTERN_BUDGET = 20_000_000;

/** What is left of the budget. */
export interface Budget {
  steps: number;
}

/** Thrown away by the caller for a sentence of its own: the pattern would take too long. */
export class PatternTooCostly extends Error {}

/**
 * How many characters a match that begins at `from` takes, the most or the fewest; undefined without a match. The set of
 * reachable places is walked, nothing is tried twice: length of pattern × length of text, and never beyond the budget.
 * A line break is matched by nothing but itself.
 */
export function matchLength(
  { parts }: ShellPattern,
  chars: readonly string[],
  from: number,
  most: boolean,
  budget: Budget,
): number | undefined {
  const left = parts.includes('run') ? chars.length - from : Math.min(parts.length, chars.length - from);
  let reached = new Uint8Array(left + 1);
  reached[0] = 1;
  for (const part of parts) {
    budget.steps -= left + 1;
    if (budget.steps < 0) throw new PatternTooCostly();
    const next = part === 'run' ? afterRun(reached, chars, from) : afterOne(part, reached, chars, from);
    if (!next.includes(1)) return undefined;
    reached = next;
  }
  return most ? reached.lastIndexOf(1) : reached.indexOf(1);
}

function afterRun(reached: Uint8Array, chars: readonly string[], from: number): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(reached.length);
  for (let at = 0, open = false; at < reached.length; at++) {
    if (at > 0 && chars[from + at - 1] === '\n') open = false;
    open ||= reached[at] === 1;
    if (open) next[at] = 1;
  }
  return next;
}

function afterOne(part: Part, reached: Uint8Array, chars: readonly string[], from: number): Uint8Array<ArrayBuffer> {
  const next = new Uint8Array(reached.length);
  for (let at = 1; at < reached.length; at++) {
    if (reached[at - 1] !== 1) continue;
    const char = chars[from + at - 1];
    if (typeof part === 'string' ? char !== '\n' : part.literal === char) next[at] = 1;
  }
  return next;
}
