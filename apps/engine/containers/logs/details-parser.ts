import { stdcopyFrame } from '../run/stdcopy.ts';
import { EntryScanner, type Piece } from './entry-scanner.ts';
import type { EntryParser } from './log-tail.ts';
import type { LogFormat } from './parse.ts';
import { TimestampReader } from './timestamp.ts';

const NOTHING = Buffer.alloc(0);
const NEWLINE = Buffer.from('\n');

/**
 * As LogParser, for lines that get something before them which may be of any length, so that output is longer than what
 * was read: `attributes` and a space, as Docker's `--details` has it.
 */
export class DetailsParser implements EntryParser<Buffer> {
  readonly #format: Omit<LogFormat, 'details'>;
  readonly #attributes: Buffer;
  readonly #scanner = new EntryScanner();
  readonly #time = new TimestampReader();
  /** By stream (0 stdout, 1 stderr): the last entry was partial. */
  readonly #midLine = [false, false];
  /** The entry being read is of no interest. */
  #left = false;
  done = false;

  constructor(format: Omit<LogFormat, 'details'>, attributes: string) {
    this.#format = format;
    this.#attributes = Buffer.from(`${attributes} `);
  }

  reset(): void {
    this.#scanner.reset();
    this.#midLine.fill(false);
  }

  parse(buffer: Buffer, start: number, end: number): { output: Buffer; rest: number } {
    const chunks: Buffer[] = [];
    const rest = this.#scanner.scan(buffer, start, end, (piece) => {
      if (piece.header >= 0) this.#left = !this.#wants(buffer, piece);
      if (this.done) return false;
      if (!this.#left) chunks.push(...this.#show(buffer, piece));
      return true;
    });
    return { output: Buffer.concat(chunks), rest };
  }

  #wants(buffer: Buffer, { header, stderr }: Piece): boolean {
    const { since, until } = this.#format;
    if (!(stderr ? this.#format.stderr : this.#format.stdout)) return false;
    const order = since > 0n || until > 0n ? this.#time.read(buffer, header).compare(this.#format) : 0;
    if (order > 0) this.done = true;
    return order === 0;
  }

  #show(buffer: Buffer, piece: Piece): Buffer[] {
    const stream = piece.stderr ? 1 : 0;
    const begins = piece.header >= 0 && !this.#midLine[stream];
    const payload = Buffer.concat([
      begins && this.#format.timestamps ? Buffer.from(`${this.#time.read(buffer, piece.header).toUtc()}Z `) : NOTHING,
      begins ? this.#attributes : NOTHING,
      buffer.subarray(piece.from, piece.to),
      piece.last && !piece.partial ? NEWLINE : NOTHING,
    ]);
    if (piece.last) this.#midLine[stream] = piece.partial;
    if (payload.length === 0) return [];
    return [this.#format.framed ? stdcopyFrame(piece.stderr ? 2 : 1, payload) : payload];
  }
}
