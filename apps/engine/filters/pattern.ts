import { runInNewContext } from 'node:vm';
import { BerthError } from '@berth/kit';

/** Milliseconds for one pattern on all texts, far above what an honest pattern needs. */
const TIME_LIMIT = 200;
const MAX_PATTERN = 1000;

/**
 * Docker's matching of names and ids: equal, or the pattern is a regular expression that is found in the text; one that
 * cannot be compiled is only compared. Plain words, with or without ^ and $, are compared as text. Others are run once
 * on all `texts` that will be asked for, with a time limit: a hostile pattern can take JavaScript's engine for ever,
 * where Go's stays linear.
 * Errors: invalid (too long, or too slow).
 */
export function patternMatcher(pattern: string, texts: () => Iterable<string>): (text: string) => boolean {
  const [, start, word, end] = /^(\^?)([a-zA-Z0-9_/-]*)(\$?)$/.exec(pattern) ?? [];
  if (word === undefined) {
    const found = findAll(pattern, [...texts()]);
    return (text) => text === pattern || found.has(text);
  }
  if (start && end) return (text) => text === word;
  if (start) return (text) => text.startsWith(word);
  return end ? (text) => text.endsWith(word) : (text) => text.includes(word);
}

function findAll(pattern: string, texts: string[]): Set<string> {
  if (pattern.length > MAX_PATTERN) throw new BerthError('invalid', 'invalid filter: the pattern is too long');
  const insensitive = pattern.startsWith('(?i)');
  try {
    const expression = new RegExp(insensitive ? pattern.slice(4) : pattern, insensitive ? 'iu' : 'u');
    const search = 'texts.filter((text) => expression.test(text))';
    return new Set(runInNewContext(search, { expression, texts }, { timeout: TIME_LIMIT }) as string[]);
  } catch (cause) {
    if (cause instanceof SyntaxError) return new Set();
    throw new BerthError('invalid', `invalid filter: the pattern ${JSON.stringify(pattern)} takes too long`, { cause });
  }
}
