import { FrameReader } from '@berth/client';
import type { Compose } from './compose.ts';

/** Codes of the colours that prefixes have, one after the other. */
const RAINBOW = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

export interface LogOptions {
  /** Width of the longest name. */
  width: number;
  prefix: boolean;
  color: boolean;
  /** The time before each line, for output that comes without, or in `EngineTimes`. */
  timestamps?: boolean;
}

/** Output whose lines begin with the engine's time. */
export interface EngineTimes {
  /** Lines of this time, as the engine writes it, and earlier ones are shown already. */
  after: string;
  /** A line of this time is shown. */
  seen(time: string): void;
}

/** Prints lines of many containers, each with the name of its own in front. */
export class LogPrinter {
  readonly #compose: Compose;
  readonly #options: LogOptions;
  readonly #colors = new Map<string, number>();

  constructor(compose: Compose, options: LogOptions) {
    this.#compose = compose;
    this.#options = options;
  }

  /** Takes a container's output as the engine sends it: frames unless it has a terminal. `end` prints what has no line end. */
  source(
    name: string,
    tty: boolean,
    times?: EngineTimes,
  ): { push(chunk: Uint8Array): void | Promise<void>; end(): void } {
    const { out, err } = this.#compose.context;
    const streams = { stdout: this.#lines(name, out, times), stderr: this.#lines(name, err, times) };
    const frames = new FrameReader();
    return {
      push(chunk) {
        if (tty) streams.stdout.push(chunk);
        else frames.push(chunk, (stream, data) => (stream === 'stderr' ? streams.stderr : streams.stdout).push(data));
        if (out.pending || err.pending) return Promise.all([out.drain(), err.drain()]).then(() => undefined);
      },
      end() {
        streams.stdout.end();
        streams.stderr.end();
      },
    };
  }

  /** A line of our own about a container: that it has ended. */
  say(name: string, text: string): void {
    this.#compose.context.out.write(`${text.replace('NAME', name)}\n`);
  }

  #lines(
    name: string,
    stream: { write(text: string): void },
    times?: EngineTimes,
  ): { push(data: Uint8Array): void; end(): void } {
    const decoder = new TextDecoder();
    let rest = '';
    const prefix = this.#prefix(name);
    const { timestamps = false } = this.#options;
    const write = (lines: readonly string[]) => {
      const head = timestamps && !times ? `${prefix}${now()} ` : prefix;
      const shown = times ? lines.flatMap((line) => unseen(line, times, timestamps)) : lines;
      if (shown.length) stream.write(shown.map((line) => `${head}${line}\n`).join(''));
    };
    return {
      push(data) {
        const parts = (rest + decoder.decode(data, { stream: true })).split('\n');
        rest = parts.pop() ?? '';
        // A line without an end is bounded; a program that prints one for ever must not fill our memory.
        if (rest.length > LINE_LIMIT) {
          parts.push(rest);
          rest = '';
        }
        if (parts.length) write(parts.map((line) => line.replace(/\r$/, '')));
      },
      end() {
        if (rest !== '') write([rest]);
        rest = '';
      },
    };
  }

  #prefix(name: string): string {
    if (!this.#options.prefix) return '';
    const classic = this.#compose.classic;
    const text = classic ? `${name.padEnd(this.#options.width)} | ` : `${name.padEnd(this.#options.width)}  | `;
    if (!this.#options.color) return text;
    const known = this.#colors.get(name) ?? this.#colors.size;
    this.#colors.set(name, known);
    return `\x1b[${RAINBOW[known % RAINBOW.length]}m${text}\x1b[0m`;
  }
}

/** A line that begins with a time, unless it is shown already. */
function unseen(line: string, { after, seen }: EngineTimes, timestamps: boolean): string[] {
  const space = line.indexOf(' ');
  const time = line.slice(0, space);
  if (time <= after) return [];
  seen(time);
  return [timestamps ? line : line.slice(space + 1)];
}

/** With nine digits behind the second, as the engine's own times of logs have them. */
function now(): string {
  return new Date().toISOString().replace('Z', '000000Z');
}

/** Characters. */
const LINE_LIMIT = 256 * 1024;
