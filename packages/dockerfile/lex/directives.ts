import { parseError } from '../errors.ts';
import type { Source } from '../source.ts';
import type { RawLine } from './lines.ts';

/** `# name=value` at the very top of a file. */
export interface Directive {
  /** Lower case. */
  name: 'syntax' | 'escape' | 'check';
  value: string;
  line: number;
}

const NAMES = ['syntax', 'escape', 'check'] as const;

/**
 * The directives of a file: they end at the first line that is none. Throws at one that comes twice and at an `escape`
 * that is neither a backslash nor a backtick.
 */
export function parseDirectives(lines: readonly RawLine[], source: Source): Directive[] {
  return readDirectives(lines, '#', (line, message) => {
    const column = 1;
    const end = { line, column: (lines[line - 1]?.text.length ?? 0) + 1 };
    throw parseError({ source, span: { start: { line, column }, end } }, message);
  });
}

/**
 * The frontend image that a file asks for, also in the forms of other languages: `# syntax=`, `// syntax=` and
 * `{"syntax": …}`. Undefined when it asks for none.
 */
export function detectSyntax(lines: readonly RawLine[]): string | undefined {
  for (const comment of ['#', '//']) {
    const found = readDirectives(lines, comment, () => {}).find(({ name }) => name === 'syntax');
    if (found !== undefined) return found.value.split(' ')[0];
  }
  const text = lines.map(({ whole }) => whole).join('');
  if (!text.trimStart().startsWith('{')) return undefined;
  try {
    const parsed: unknown = JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null || !('syntax' in parsed)) return undefined;
    return typeof parsed.syntax === 'string' ? parsed.syntax : undefined;
  } catch {
    return undefined;
  }
}

function readDirectives(
  lines: readonly RawLine[],
  comment: string,
  refuse: (line: number, message: string) => void,
): Directive[] {
  const found: Directive[] = [];
  const first = lines[0]?.text.startsWith('#!') ? 1 : 0;
  for (let index = first; index < lines.length; index++) {
    const text = (lines[index]?.text ?? '').trimStart();
    if (!text.startsWith(comment)) break;
    const [written, value] = splitDirective(text.slice(comment.length));
    const name = NAMES.find((known) => known === written.toLowerCase());
    if (name === undefined || value === undefined) break;
    if (found.some((directive) => directive.name === name)) {
      refuse(index + 1, `only one ${name} parser directive can be used`);
      break;
    }
    if (name === 'escape' && value !== '\\' && value !== '`') {
      refuse(index + 1, `invalid escape token '${value}' does not match \` or \\`);
    }
    found.push({ name, value, line: index + 1 });
  }
  return found;
}

/** `name = value`; the value undefined when the line has another form. */
function splitDirective(text: string): [name: string, value: string | undefined] {
  const equals = text.indexOf('=');
  const name = text.slice(0, Math.max(0, equals)).trim();
  const value = text.slice(equals + 1).trim();
  return [name, equals === -1 || value === '' || !/^[a-zA-Z][a-zA-Z0-9]*$/.test(name) ? undefined : value];
}
