import { BerthError } from '@berth/kit';
import { type PathPattern, parsePattern } from './pattern.ts';

/** What an ignore file says of one path. */
export interface Verdict {
  excluded: boolean;
  /** The last rule that matches the path or a folder above it; undefined when none does. */
  rule: IgnoreRule | undefined;
}

/** A line of an ignore file. */
export interface IgnoreRule {
  line: number;
  /** As written, trimmed. */
  text: string;
}

interface Compiled extends IgnoreRule, PathPattern {
  exception: boolean;
}

/** The rules of one ignore file, or the patterns of `--exclude`. Paths are relative, with `/`. */
export class IgnoreRules {
  /** Where they come from, for people; '' when from no file. */
  readonly name: string;
  readonly #rules: readonly Compiled[];
  /** Index of the last rule that matches a folder or one above it, -1 for none. */
  readonly #folders = new Map<string, number>();

  constructor(rules: readonly Compiled[], name: string) {
    this.#rules = rules;
    this.name = name;
  }

  /** True when a folder that is excluded may hold files that a later rule includes again. */
  get hasExceptions(): boolean {
    return this.#rules.some(({ exception }) => exception);
  }

  get isEmpty(): boolean {
    return this.#rules.length === 0;
  }

  verdict(path: string): Verdict {
    const rule = this.#rules[this.#lastFor(path)];
    if (rule === undefined) return { excluded: false, rule: undefined };
    return { excluded: !rule.exception, rule: { line: rule.line, text: rule.text } };
  }

  isExcluded(path: string): boolean {
    const rule = this.#rules[this.#lastFor(path)];
    return rule !== undefined && !rule.exception;
  }

  /** True when nothing below the folder can be included: it need not be looked into. */
  isPruned(folder: string): boolean {
    const last = this.#lastFor(folder);
    if (last === -1 || this.#rules[last]?.exception === true) return false;
    return !this.#rules.some((rule, index) => index > last && rule.exception && rule.mayMatchBelow(folder));
  }

  #lastFor(path: string): number {
    let last = -1;
    for (let slash = path.indexOf('/'); slash !== -1; slash = path.indexOf('/', slash + 1)) {
      const folder = path.slice(0, slash);
      let known = this.#folders.get(folder);
      if (known === undefined) {
        known = this.#lastMatch(folder, last);
        this.#folders.set(folder, known);
      }
      last = known;
    }
    return this.#lastMatch(path, last);
  }

  /** Later rules than `least` that match; the others cannot change anything. */
  #lastMatch(path: string, least: number): number {
    for (let index = this.#rules.length - 1; index > least; index--) {
      if (this.#rules[index]?.matches(path) === true) return index;
    }
    return least;
  }
}

/** No rules. */
export const NO_IGNORE_RULES = new IgnoreRules([], '');

/**
 * Reads a `.dockerignore`. Throws `invalid` at a pattern that is none, naming file and line. Pathological files are
 * refused: more than 10,000 rules, or a rule of more than 4,096 characters.
 */
export function parseIgnoreFile(text: string, name = '.dockerignore'): IgnoreRules {
  const lines = text.replace(/^\ufeff/, '').split('\n');
  const rules: Compiled[] = [];
  for (const [index, line] of lines.entries()) {
    const rule = line.startsWith('#') ? undefined : compile(line, index + 1, name);
    if (rule !== undefined) rules.push(rule);
    if (rules.length > MOST_RULES) throw refusal(name, index + 1, `more than ${MOST_RULES} rules`);
  }
  return new IgnoreRules(rules, name);
}

/** The patterns of `--exclude`, one after the other; there, `#` is nothing special. */
export function ignoreRules(patterns: readonly string[]): IgnoreRules {
  return new IgnoreRules(
    patterns.flatMap((pattern, index) => compile(pattern, index + 1, '') ?? []),
    '',
  );
}

/** Where ignore rules of a Dockerfile may be, best first: beside it with its name, else at the root of the context. */
export function ignoreFileNames(dockerfile: string): [beside: string, root: string] {
  return [`${dockerfile}.dockerignore`, '.dockerignore'];
}

const MOST_RULES = 10_000;
const LONGEST_RULE = 4096;

function compile(line: string, number: number, name: string): Compiled | undefined {
  const text = line.trim();
  if (text === '') return undefined;
  if (text.length > LONGEST_RULE) throw refusal(name, number, `a pattern of more than ${LONGEST_RULE} characters`);
  const exception = text.startsWith('!');
  const pattern = exception ? text.slice(1).trim() : text;
  if (pattern === '') throw refusal(name, number, 'illegal exclusion pattern: "!"');
  try {
    return { line: number, text, exception, ...parsePattern(cleaned(pattern)) };
  } catch (error) {
    if (error instanceof BerthError) throw refusal(name, number, `${error.message}: ${JSON.stringify(pattern)}`);
    throw error;
  }
}

/** Go's filepath.Clean, and no slash at the start. */
function cleaned(pattern: string): string {
  const parts: string[] = [];
  for (const part of pattern.split('/')) {
    if (part === '..' && parts.length > 0 && parts.at(-1) !== '..') parts.pop();
    else if (part === '..' && pattern.startsWith('/')) continue;
    else if (part !== '' && part !== '.') parts.push(part);
  }
  return parts.join('/') || (pattern.startsWith('/') ? '/' : '.');
}

function refusal(name: string, line: number, message: string): BerthError {
  if (name === '') return new BerthError('invalid', message);
  return new BerthError('invalid', `${name}:${line}: ${message}`, { details: { file: name, line, column: 1 } });
}
