/** A number or character constant; undefined when the text is none. `float` when Go takes it for a floating-point one. */
export function parseNumber(text: string): { value: number | bigint; float: boolean } | undefined {
  if (text.startsWith("'")) {
    const char = unquote(`"${text.slice(1, -1).replace(/"/g, '\\"').replace(/^\\'$/, "'")}"`);
    return char !== undefined && [...char].length === 1 ? { value: char.codePointAt(0) ?? 0, float: false } : undefined;
  }
  const clean = text.replace(/(?<=[0-9a-fA-FxXoObB])_(?=[0-9a-fA-F])/g, '');
  if (/^[+-]?(0[xX][0-9a-fA-F]+|0[oO][0-7]+|0[bB][01]+|\d+)$/.test(clean)) {
    const sign = clean.startsWith('-') ? -1n : 1n;
    const digits = clean.replace(/^[+-]/, '');
    if (/^0\d*[89]/.test(digits)) return undefined;
    const value = sign * BigInt(/^0[0-7]+$/.test(digits) ? `0o${digits.slice(1)}` : digits.toLowerCase());
    if (value >= 2n ** 64n || value < -(2n ** 63n)) return undefined;
    return { value: Number.isSafeInteger(Number(value)) ? Number(value) : value, float: false };
  }
  if (/^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$/.test(clean)) return { value: Number(clean), float: true };
  return undefined;
}

const ESCAPES: Record<string, string> = {
  a: '\x07',
  b: '\b',
  f: '\f',
  n: '\n',
  r: '\r',
  t: '\t',
  v: '\v',
  '\\': '\\',
  "'": "'",
  '"': '"',
};

/** The text of a Go string literal, quoted or raw; undefined when it has a wrong escape. */
export function unquote(literal: string): string | undefined {
  if (literal.startsWith('`')) return literal.slice(1, -1).replace(/\r/g, '');
  let out = '';
  let bytes: number[] = [];
  const flush = () => {
    out += Buffer.from(bytes).toString('utf8');
    bytes = [];
  };
  const pattern = /\\(?:([abfnrtv\\"'])|x([0-9a-fA-F]{2})|([0-7]{3})|u([0-9a-fA-F]{4})|U([0-9a-fA-F]{8}))|([^\\])/gsuy;
  const body = literal.slice(1, -1);
  let read = 0;
  for (const match of body.matchAll(pattern)) {
    read += match[0].length;
    const [, simple, hex, octal, short, long, plain] = match;
    if (hex ?? octal) {
      // \x and octal escapes are bytes, which may make up a character together.
      bytes.push(hex ? Number.parseInt(hex, 16) : Number.parseInt(octal ?? '', 8) & 255);
      continue;
    }
    flush();
    if (simple) out += ESCAPES[simple];
    else if (short ?? long) {
      const code = Number.parseInt(short ?? long ?? '', 16);
      if (code > 0x10ffff) return undefined;
      out += String.fromCodePoint(code);
    } else out += plain;
  }
  flush();
  return read === body.length ? out : undefined;
}
