/** Reads a text character by character (code points), once, forwards. */
export class Reader {
  readonly #text: string;
  #at = 0;

  constructor(text: string) {
    this.#text = text;
  }

  peek(): string | undefined {
    const code = this.#text.codePointAt(this.#at);
    return code === undefined ? undefined : String.fromCodePoint(code);
  }

  next(): string | undefined {
    const char = this.peek();
    if (char !== undefined) this.#at += char.length;
    return char;
  }

  /** What stands before the next `end`, which is read too; undefined, with everything read, when there is none. */
  upTo(end: string): string | undefined {
    const stop = this.#text.indexOf(end, this.#at);
    const from = this.#at;
    this.#at = stop === -1 ? this.#text.length : stop + end.length;
    return stop === -1 ? undefined : this.#text.slice(from, stop);
  }
}

/** Go's unicode.IsSpace. */
export function isSpace(char: string | undefined): boolean {
  return (
    char !== undefined && /^[\t\n\v\f\r \u0085\u00a0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]$/.test(char)
  );
}
