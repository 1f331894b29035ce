import { ENTRY_HEADER } from './parse.ts';

/** A stretch of an entry's bytes; an entry that a read cuts in two comes as two pieces. */
export interface Piece {
  stderr: boolean;
  /** Where the entry's header is in the buffer; -1 when the piece continues an entry of the read before. */
  header: number;
  /** The bytes, from and up to, without the newline. */
  from: number;
  to: number;
  /** The entry ends here. */
  last: boolean;
  /** The line goes on in the next entry of the same stream. */
  partial: boolean;
}

const NEWLINE = 10;
const SPACE = 32;
const LETTER_E = 101;
const LETTER_F = 70;
const LETTER_O = 111;
const LETTER_P = 80;

/** Takes the monitor's entries (parse.ts) apart without changing the buffer. Damaged entries are left out. */
export class EntryScanner {
  #state: 'header' | 'content' | 'skip' = 'header';
  #stderr = false;
  #partial = false;

  /** Forgets an entry begun. */
  reset(): void {
    this.#state = 'header';
  }

  /**
   * Tells `onPiece` every piece between `start` and `end`; it returns false to stop. Returns how many bytes at the end
   * could not be used yet; less than ENTRY_HEADER.
   */
  scan(buffer: Buffer, start: number, end: number, onPiece: (piece: Piece) => boolean): number {
    let pos = start;
    let header = -1;
    while (pos < end) {
      if (this.#state === 'header') {
        if (end - pos < ENTRY_HEADER) return end - pos;
        this.#state = this.#readHeader(buffer, pos) ? 'content' : 'skip';
        if (this.#state === 'skip') continue;
        header = pos;
        pos += ENTRY_HEADER;
      }
      const newline = buffer.indexOf(NEWLINE, pos);
      const last = newline >= 0 && newline < end;
      const to = last ? newline : end;
      if (this.#state === 'content') {
        const piece = { stderr: this.#stderr, header, from: pos, to, last, partial: this.#partial };
        if (!onPiece(piece)) return 0;
      }
      if (last) this.#state = 'header';
      header = -1;
      pos = last ? to + 1 : end;
    }
    return 0;
  }

  #readHeader(buffer: Buffer, pos: number): boolean {
    const letter = buffer[pos + 39];
    const tag = buffer[pos + 43];
    this.#stderr = letter === LETTER_E;
    this.#partial = tag === LETTER_P;
    return (
      buffer[pos + 35] === SPACE &&
      buffer[pos + 42] === SPACE &&
      buffer[pos + 44] === SPACE &&
      (letter === LETTER_O || letter === LETTER_E) &&
      (tag === LETTER_F || tag === LETTER_P)
    );
  }
}
