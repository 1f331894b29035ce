import { FrameReader } from '@berth/client';
import type { Compose } from './compose.ts';

/** Codes of the colours that prefixes have, one after the other. */
const RAINBOW = [36, 33, 32, 35, 34, 96, 93, 92, 95, 94];

export interface LogOptions {
  /** Width of the longest name. */
  width: number;
  prefix: boolean;
  color: boolean;
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
  source(name: string, tty: boolean): { push(chunk: Uint8Array): void | Promise<void>; end(): void } {
    const { out, err } = this.#compose.context;
    const streams = { stdout: this.#lines(name, out), stderr: this.#lines(name, err) };
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

  #lines(name: string, stream: { write(text: string): void }): { push(data: Uint8Array): void; end(): void } {
    const decoder = new TextDecoder();
    let rest = '';
    const prefix = this.#prefix(name);
    const write = (lines: readonly string[]) => stream.write(lines.map((line) => `${prefix}${line}\n`).join(''));
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
    const classic = this.#compose.style === 'classic';
    const text = classic ? `${name.padEnd(this.#options.width)} | ` : `${name.padEnd(this.#options.width)}  | `;
    if (!this.#options.color) return text;
    const known = this.#colors.get(name) ?? this.#colors.size;
    this.#colors.set(name, known);
    return `\x1b[${RAINBOW[known % RAINBOW.length]}m${text}\x1b[0m`;
  }
}

/** Characters. */
const LINE_LIMIT = 256 * 1024;
