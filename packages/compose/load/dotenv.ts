import { interpolateText, type Variable, type Variables } from './interpolate.ts';
import { failAt, type Place } from './node.ts';

/** A line of an environment file: a name with its value, or a name alone (undefined), which takes the value of the environment. */
export interface EnvLine {
  name: string;
  value: string | undefined;
  line: number;
}

/**
 * Reads a `.env` file or an `env_file` by Compose's rules: `NAME=value`, `export NAME=value`, `NAME: value`, comments,
 * quotes (single ones literal, double ones with escapes, both over several lines), variables in values that are not in
 * single quotes. `outside` are variables from elsewhere; lines above count too.
 */
export function readEnvFile(text: string, file: string, outside: Variables): EnvLine[] {
  const reader = new EnvReader(text.replace(/^\uFEFF/, '').replaceAll('\r\n', '\n'), file, outside);
  return reader.read();
}

/** The format `raw`: everything after the first `=` is the value. */
export function readRawEnvFile(text: string): EnvLine[] {
  return text.split(/\r?\n/).flatMap((whole, index) => {
    const line = whole.trimStart();
    if (line === '' || line.startsWith('#')) return [];
    const equals = line.indexOf('=');
    const name = equals < 0 ? line.trim() : line.slice(0, equals);
    return [{ name, value: equals < 0 ? undefined : line.slice(equals + 1), line: index + 1 }];
  });
}

const NAME = /[A-Za-z_][\w.\-[\]]*/y;

class EnvReader {
  readonly #text: string;
  readonly #file: string;
  readonly #seen: Map<string, Variable>;
  #at = 0;

  constructor(text: string, file: string, outside: Variables) {
    this.#text = text;
    this.#file = file;
    this.#seen = new Map(outside);
  }

  read(): EnvLine[] {
    const lines: EnvLine[] = [];
    for (;;) {
      this.#skipBlank();
      if (this.#at >= this.#text.length) return lines;
      const place = this.#place();
      const found = this.#line(place);
      if (found.value !== undefined && !this.#seen.has(found.name))
        this.#seen.set(found.name, { value: found.value, from: `${this.#file}:${place.line}` });
      lines.push({ ...found, line: place.line });
    }
  }

  #line(place: Place): { name: string; value: string | undefined } {
    const exported = /^export[ \t]+/.exec(this.#text.slice(this.#at, this.#at + 64));
    if (exported) this.#at += exported[0].length;
    NAME.lastIndex = this.#at;
    const name = NAME.exec(this.#text)?.[0];
    const rest = this.#restOfLine();
    if (!name) throw failAt(place, `unexpected character in variable name near ${JSON.stringify(rest.slice(0, 40))}`);
    this.#at += name.length;
    this.#skipSpaces();
    const separator = this.#text[this.#at];
    if (separator === undefined || separator === '\n' || separator === '#') {
      this.#at += this.#restOfLine().length;
      return { name, value: undefined };
    }
    if (separator !== '=' && separator !== ':')
      throw failAt(place, `key cannot contain a space: ${JSON.stringify(rest.slice(0, 80))}`);
    this.#at++;
    this.#skipSpaces();
    return { name, value: this.#value(place) };
  }

  #value(place: Place): string {
    const quote = this.#text[this.#at];
    if (quote !== '"' && quote !== "'") {
      const rest = this.#restOfLine();
      this.#at += rest.length;
      return this.#expand(rest.replace(/(^|\s+)#.*$/, '').trim(), place);
    }
    const end = this.#quoteEnd(quote, place);
    const inner = this.#text.slice(this.#at + 1, end);
    this.#at = end + 1;
    this.#at += this.#restOfLine().length;
    if (quote === "'") return inner;
    const unescaped = inner.replace(/\\([nrt"\\$])/g, (_, letter: string) => ESCAPES[letter] ?? letter);
    return this.#expand(unescaped, place);
  }

  #quoteEnd(quote: string, place: Place): number {
    for (let at = this.#at + 1; at < this.#text.length; at++) {
      if (this.#text[at] === '\\' && quote === '"') at++;
      else if (this.#text[at] === quote) return at;
    }
    throw failAt(place, `unterminated quoted value ${this.#restOfLine().slice(0, 80)}`);
  }

  #expand(text: string, place: Place): string {
    if (!text.includes('$')) return text;
    return interpolateText(text, { variables: this.#seen, onUnset: () => undefined }, place);
  }

  #skipBlank(): void {
    for (;;) {
      while (/\s/.test(this.#text[this.#at] ?? '')) this.#at++;
      if (this.#text[this.#at] !== '#') return;
      this.#at += this.#restOfLine().length;
    }
  }

  #skipSpaces(): void {
    while (this.#text[this.#at] === ' ' || this.#text[this.#at] === '\t') this.#at++;
  }

  #restOfLine(): string {
    const end = this.#text.indexOf('\n', this.#at);
    return this.#text.slice(this.#at, end < 0 ? undefined : end);
  }

  #place(): Place {
    let line = 1;
    for (let at = this.#text.indexOf('\n'); at >= 0 && at < this.#at; at = this.#text.indexOf('\n', at + 1)) line++;
    return { file: this.#file, line, column: 1 };
  }
}

/** `\$` stays a dollar that starts no variable. */
const ESCAPES: Record<string, string> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\', $: '$$' };
