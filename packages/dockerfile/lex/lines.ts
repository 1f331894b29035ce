import type { Place } from '../source.ts';

/** Bytes that one line may have, as in Docker. */
export const LINE_LIMIT = 65_535;

export interface RawLine {
  /** Without its line end. */
  text: string;
  /** With it. */
  whole: string;
}

/** Splits at line feeds; a carriage return before one belongs to the line end. A byte order mark is dropped. */
export function splitLines(text: string): RawLine[] {
  const lines: RawLine[] = [];
  const start = text.charCodeAt(0) === 0xfeff ? 1 : 0;
  for (let at = start; at < text.length; ) {
    const feed = text.indexOf('\n', at);
    const end = feed === -1 ? text.length : feed + 1;
    const whole = text.slice(at, end);
    lines.push({ text: whole.slice(0, lengthWithoutEnd(whole)), whole });
    at = end;
  }
  return lines;
}

function lengthWithoutEnd(whole: string): number {
  let length = whole.length;
  while (length > 0 && (whole[length - 1] === '\n' || whole[length - 1] === '\r')) length--;
  return length;
}

/** True when the line has more bytes than Docker reads. */
export function isTooLong(line: RawLine): boolean {
  if (line.whole.length > LINE_LIMIT) return true;
  return line.whole.length * 3 > LINE_LIMIT && new TextEncoder().encode(line.whole).length > LINE_LIMIT;
}

/** A part of a joined line and where it stands in the file. */
interface Piece extends Place {
  /** Offset in the joined line. */
  at: number;
}

/** A line joined over continuations, which knows where each character came from. */
export class JoinedLine {
  readonly #pieces: Piece[] = [];
  readonly #parts: string[] = [];
  #length = 0;
  #text: string | undefined;

  add(part: string, place: Place): void {
    this.#pieces.push({ at: this.#length, ...place });
    this.#parts.push(part);
    this.#length += part.length;
    this.#text = undefined;
  }

  get text(): string {
    this.#text ??= this.#parts.join('');
    return this.#text;
  }

  /** Where the character at `offset` stands; the end of the line for offsets beyond. */
  placeOf(offset: number): Place {
    let low = 0;
    let high = this.#pieces.length - 1;
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#pieces[middle]?.at ?? 0) <= offset) low = middle;
      else high = middle - 1;
    }
    const piece = this.#pieces[low];
    if (piece === undefined) return { line: 1, column: 1 };
    return { line: piece.line, column: piece.column + Math.min(offset, this.#length) - piece.at };
  }
}
