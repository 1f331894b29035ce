/** First 12 digits of an id, without its `sha256:`. */
export function shortId(id: string): string {
  const colon = id.indexOf(':');
  return (colon >= 0 ? id.slice(colon + 1) : id).slice(0, 12);
}

/** Cuts to `width` columns, the last of them an ellipsis. */
export function ellipsis(text: string, width: number): string {
  if (width <= 0) return '';
  const runes = [...text];
  if (width === 1) return runes[0] ?? '';
  const total = displayWidth(text);
  if (total <= width) return text;
  let used = 0;
  let kept = '';
  for (const rune of runes) {
    used += displayWidth(rune);
    if (used > width - 1) break;
    kept += rune;
  }
  return `${kept}…`;
}

/** Columns that the text takes in a terminal: 2 for East Asian wide characters, 0 for combining marks. */
export function displayWidth(text: string): number {
  // Nearly everything that is printed is ASCII, perhaps cut: loading Unicode's tables for that would take milliseconds.
  if (/^[\x20-\x7e…]*$/.test(text)) return text.length;
  let width = 0;
  for (const rune of text) width += runeWidth(rune.codePointAt(0) ?? 0, rune);
  return width;
}

function runeWidth(code: number, rune: string): number {
  if (code < 0x20 || (code >= 0x7f && code < 0xa0)) return 0;
  if (code >= 0x300 && /\p{M}|\p{Cf}/u.test(rune)) return 0;
  return WIDE.some(([from, to]) => code >= from && code <= to) ? 2 : 1;
}

/** Blocks of East Asian Wide and Fullwidth characters (Unicode annex 11). */
const WIDE: readonly (readonly [number, number])[] = [
  [0x1100, 0x115f],
  [0x231a, 0x231b],
  [0x23e9, 0x23ec],
  [0x2e80, 0x303e],
  [0x3041, 0x33ff],
  [0x3400, 0x4dbf],
  [0x4e00, 0x9fff],
  [0xa000, 0xa4cf],
  [0xac00, 0xd7a3],
  [0xf900, 0xfaff],
  [0xfe30, 0xfe6f],
  [0xff00, 0xff60],
  [0xffe0, 0xffe6],
  [0x1f300, 0x1f64f],
  [0x1f680, 0x1f6ff],
  [0x1f900, 0x1f9ff],
  [0x20000, 0x3fffd],
];

const NAMED_ESCAPES: Record<string, string> = {
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
  '"': '\\"',
  '\\': '\\\\',
};

/** A Go string literal: printable Unicode stays, the rest is escaped. */
export function quote(text: string): string {
  let out = '"';
  for (const rune of text) out += NAMED_ESCAPES[rune] ?? (isPrintable(rune) ? rune : escapeRune(rune));
  return `${out}"`;
}

/** Go's unicode.IsPrint: letters, marks, numbers, punctuation, symbols and the ASCII space. */
export function isPrintable(rune: string): boolean {
  return (rune >= ' ' && rune <= '~') || rune === '…' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(rune);
}

function escapeRune(rune: string): string {
  const code = rune.codePointAt(0) ?? 0;
  const hex = (digits: number) => code.toString(16).padStart(digits, '0');
  if (code < 0x80) return `\\x${hex(2)}`;
  return code > 0xffff ? `\\U${hex(8)}` : `\\u${hex(4)}`;
}
