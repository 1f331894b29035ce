/** Where in a JSON text its keys stand. */
export interface JsonPlaces {
  /** Path as `a.b` or `a[0].b` → line, from 1. */
  lines: Map<string, number>;
  /** Paths of keys that an object has twice; JSON readers take the last silently. */
  twice: string[];
}

/** Finds the lines of all keys of a text that `JSON.parse` has taken. */
export function jsonPlaces(text: string): JsonPlaces {
  const reader = new Reader(text);
  reader.value('');
  return { lines: reader.lines, twice: reader.twice };
}

class Reader {
  readonly lines = new Map<string, number>();
  readonly twice: string[] = [];
  #text: string;
  #at = 0;
  #line = 1;

  constructor(text: string) {
    this.#text = text;
  }

  value(path: string): void {
    const first = this.#next();
    if (first === '{') this.#object(path);
    else if (first === '[') this.#array(path);
    else if (first === '"') this.#string();
    else this.#skip(/[^,\]}\s]*/y);
  }

  #object(path: string): void {
    this.#at++;
    while (this.#next() !== '}') {
      const line = this.#line;
      const key = this.#string();
      const here = path === '' ? key : `${path}.${key}`;
      if (this.lines.has(here)) this.twice.push(here);
      this.lines.set(here, line);
      this.#next();
      this.#at++; // the colon
      this.value(here);
      if (this.#next() === ',') this.#at++;
    }
    this.#at++;
  }

  #array(path: string): void {
    this.#at++;
    for (let index = 0; this.#next() !== ']'; index++) {
      this.lines.set(`${path}[${index}]`, this.#line);
      this.value(`${path}[${index}]`);
      if (this.#next() === ',') this.#at++;
    }
    this.#at++;
  }

  #string(): string {
    const begin = this.#at;
    this.#skip(/"(?:[^"\\]|\\.)*"/sy);
    return JSON.parse(this.#text.slice(begin, this.#at)) as string;
  }

  /** Passes over white space; the character that follows. */
  #next(): string | undefined {
    for (; /\s/.test(this.#text[this.#at] ?? 'x'); this.#at++) if (this.#text[this.#at] === '\n') this.#line++;
    return this.#text[this.#at];
  }

  #skip(pattern: RegExp): void {
    pattern.lastIndex = this.#at;
    this.#at += pattern.exec(this.#text)?.[0].length ?? 0;
  }
}
