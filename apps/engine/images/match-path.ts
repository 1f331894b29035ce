import { BerthError } from '@berth/kit';

/** One place of a pattern: any number of characters, or one that passes. */
type Token = 'star' | ((character: string) => boolean);

/**
 * Go's path.Match: `*` and `?` within one part of a path, `[a-z]` and `[^a-z]`, backslash for the next character as it
 * is. Takes time in proportion to pattern times name, whatever the pattern. Errors: invalid `syntax error in pattern`.
 */
export function matchPath(pattern: string, name: string): boolean {
  const tokens = parsePattern(pattern);
  // Places of the pattern that the name read so far can have reached.
  let places = passStars(tokens, [0]);
  for (const character of name) {
    const next = new Set<number>();
    for (const place of places) {
      const token = tokens[place];
      if (token === 'star' && character !== '/') next.add(place);
      else if (typeof token === 'function' && token(character)) next.add(place + 1);
    }
    places = passStars(tokens, next);
  }
  return places.has(tokens.length);
}

/** A star may also stand for nothing. */
function passStars(tokens: readonly Token[], places: Iterable<number>): Set<number> {
  const reached = new Set<number>();
  for (let place of places) {
    reached.add(place);
    while (tokens[place] === 'star') reached.add(++place);
  }
  return reached;
}

function parsePattern(pattern: string): Token[] {
  const tokens: Token[] = [];
  const characters = [...pattern];
  for (let at = 0; at < characters.length; at++) {
    const character = characters[at]!;
    if (character === '*') {
      if (tokens.at(-1) !== 'star') tokens.push('star');
    } else if (character === '?') tokens.push((other) => other !== '/');
    else if (character === '[') {
      const { token, end } = characterClass(characters, at + 1);
      tokens.push(token);
      at = end;
    } else {
      const literal = character === '\\' ? characters[++at] : character;
      if (literal === undefined) throw badPattern();
      tokens.push((other) => other === literal);
    }
  }
  return tokens;
}

/** What stands between brackets, from `start`; `end` is the closing one. */
function characterClass(characters: readonly string[], start: number): { token: Token; end: number } {
  let at = start;
  const isNegated = characters[at] === '^';
  if (isNegated) at++;
  const ranges: [low: string, high: string][] = [];
  const one = (): string => {
    if (characters[at] === ']' || characters[at] === '-') throw badPattern();
    if (characters[at] === '\\') at++;
    const character = characters[at++];
    if (character === undefined) throw badPattern();
    return character;
  };
  while (characters[at] !== ']' || ranges.length === 0) {
    const low = one();
    let high = low;
    if (characters[at] === '-') {
      at++;
      high = one();
    }
    ranges.push([low, high]);
  }
  const isIn = (character: string) => ranges.some(([low, high]) => low <= character && character <= high);
  return { token: (character) => isIn(character) !== isNegated && (!isNegated || character !== '/'), end: at };
}

function badPattern(): BerthError {
  return new BerthError('invalid', 'syntax error in pattern');
}
