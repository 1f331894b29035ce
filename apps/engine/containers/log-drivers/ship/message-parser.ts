import { randomBytes } from 'node:crypto';
import { EntryScanner, type Piece } from '../../logs/entry-scanner.ts';
import type { EntryParser } from '../../logs/log-tail.ts';
import { TimestampReader } from '../../logs/timestamp.ts';
import { LONGEST_LINE, type Message } from './message.ts';

/** A line that has begun, as it is written down with the position in the log. */
export interface BegunLine {
  stderr: boolean;
  seconds: number;
  nanoseconds: number;
  /** base64 */
  bytes: string;
  part: { id: string; ordinal: number } | undefined;
}

interface Line {
  seconds: number;
  nanoseconds: number;
  chunks: Buffer[];
  size: number;
  part: { id: string; ordinal: number } | undefined;
}

/** Turns the monitor's entries into messages. What has begun and not ended is kept, at most LONGEST_LINE for each stream. */
export class MessageParser implements EntryParser<Message[]> {
  readonly done = false;
  readonly #scanner = new EntryScanner();
  readonly #time = new TimestampReader();
  /** By stream: stdout, stderr. */
  readonly #begun: [Line | undefined, Line | undefined] = [undefined, undefined];

  /** `begun`: what an earlier parser had kept where this one goes on. */
  constructor(begun: readonly BegunLine[] = []) {
    for (const { stderr, seconds, nanoseconds, bytes, part } of begun) {
      const chunk = Buffer.from(bytes, 'base64');
      this.#begun[stderr ? 1 : 0] = { seconds, nanoseconds, chunks: [chunk], size: chunk.length, part };
    }
  }

  get begun(): BegunLine[] {
    return this.#begun.flatMap((line, stream) =>
      line === undefined
        ? []
        : [
            {
              stderr: stream === 1,
              seconds: line.seconds,
              nanoseconds: line.nanoseconds,
              bytes: Buffer.concat(line.chunks).toString('base64'),
              part: line.part && { ...line.part },
            },
          ],
    );
  }

  reset(): void {
    this.#scanner.reset();
    this.#begun.fill(undefined);
  }

  parse(buffer: Buffer, start: number, end: number): { output: Message[]; rest: number } {
    const output: Message[] = [];
    const rest = this.#scanner.scan(buffer, start, end, (piece) => {
      this.#take(buffer, piece, output);
      return true;
    });
    return { output, rest };
  }

  /** The lines that have no end, when there will be no more. */
  flush(): Message[] {
    const output: Message[] = [];
    for (const stderr of [false, true]) this.#finish(stderr, output);
    return output;
  }

  #take(buffer: Buffer, piece: Piece, output: Message[]): void {
    const stream = piece.stderr ? 1 : 0;
    let line = this.#begun[stream];
    if (!line) {
      // A piece without header goes on with an entry whose line was begun, so there is one.
      const { seconds, nanoseconds } =
        piece.header < 0 ? { seconds: 0, nanoseconds: 0 } : this.#time.read(buffer, piece.header);
      line = { seconds, nanoseconds, chunks: [], size: 0, part: undefined };
      this.#begun[stream] = line;
    }
    for (let from = piece.from; from < piece.to; ) {
      if (line.size === LONGEST_LINE) this.#cut(piece.stderr, line, output);
      const to = Math.min(piece.to, from + LONGEST_LINE - line.size);
      line.chunks.push(buffer.subarray(from, to));
      line.size += to - from;
      from = to;
    }
    if (piece.last && !piece.partial) this.#finish(piece.stderr, output);
    // What is kept must not hold on to all that was read with it.
    else if (line.size > 0) line.chunks = [Buffer.from(Buffer.concat(line.chunks))];
  }

  /** Gives out what there is of a line that goes on. */
  #cut(stderr: boolean, line: Line, output: Message[]): void {
    line.part ??= { id: randomBytes(32).toString('hex'), ordinal: 1 };
    output.push(messageOf(stderr, line, { ...line.part, last: false }));
    line.part.ordinal++;
    line.chunks = [];
    line.size = 0;
  }

  #finish(stderr: boolean, output: Message[]): void {
    const stream = stderr ? 1 : 0;
    const line = this.#begun[stream];
    if (!line) return;
    output.push(messageOf(stderr, line, line.part && { ...line.part, last: true }));
    this.#begun[stream] = undefined;
  }
}

function messageOf(stderr: boolean, { seconds, nanoseconds, chunks }: Line, part: Message['part']): Message {
  const [only] = chunks;
  return { stderr, seconds, nanoseconds, line: chunks.length === 1 && only ? only : Buffer.concat(chunks), part };
}
