const ESCAPE = 0x1b;
const BELL = 0x07;
const DELETE = 0x7f;
const SPACE = 0x20;

/** A program's output may hold what moves the cursor, paints or renames the window: that is taken out; tabs become spaces. */
export function printable(text: string): string {
  let out = '';
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    if (code === ESCAPE) at = endOfSequence(text, at);
    else if (code === 0x09) out += '    ';
    else if (code >= SPACE && code !== DELETE) out += text[at];
  }
  return out;
}

/** Index of the last character of the escape sequence that begins at `start`. */
function endOfSequence(text: string, start: number): number {
  const kind = text[start + 1];
  if (kind === ']') {
    for (let at = start + 2; at < text.length; at++) if (text.charCodeAt(at) === BELL) return at;
    return text.length;
  }
  if (kind !== '[') return start + 1;
  // Parameters are below the letters that end a control sequence.
  for (let at = start + 2; at < text.length; at++) if (text.charCodeAt(at) >= 0x40) return at;
  return text.length;
}
