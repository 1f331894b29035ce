import { BerthError } from '@berth/kit';

/**
 * Go's path.Match: `*` and `?` within one part of a path, `[a-z]` and `[^a-z]`, backslash for the next character as it
 * is. Errors: invalid `syntax error in pattern`.
 */
export function matchPath(pattern: string, name: string): boolean {
  let source = '';
  for (let at = 0; at < pattern.length; at++) {
    const character = pattern[at]!;
    if (character === '*') source += source.endsWith('[^/]*') ? '' : '[^/]*';
    else if (character === '?') source += '[^/]';
    else if (character === '[') {
      const { text, end } = characterClass(pattern, at);
      source += text;
      at = end;
    } else if (character === '\\') {
      if (++at >= pattern.length) throw badPattern();
      source += literally(pattern[at]!);
    } else source += literally(character);
  }
  return new RegExp(`^${source}$`, 's').test(name);
}

function characterClass(pattern: string, start: number): { text: string; end: number } {
  let at = start + 1;
  let text = '[';
  if (pattern[at] === '^') {
    text += '^/';
    at++;
  }
  for (let count = 0; ; count++) {
    if (at >= pattern.length) throw badPattern();
    if (pattern[at] === ']' && count > 0) return { text: `${text}]`, end: at };
    const low = one();
    if (pattern[at] !== '-') text += literally(low);
    else {
      at++;
      const high = one();
      // An empty range matches nothing in Go, and is an error in JavaScript.
      if (low <= high) text += `${literally(low)}-${literally(high)}`;
    }
  }
  function one(): string {
    if (pattern[at] === '\\') at++;
    const character = pattern[at++];
    if (character === undefined || character === ']' || character === '-') throw badPattern();
    return character;
  }
}

function literally(character: string): string {
  return character.replace(/[\\^$.*+?()[\]{}|/-]/, '\\$&');
}

function badPattern(): BerthError {
  return new BerthError('invalid', 'syntax error in pattern');
}
