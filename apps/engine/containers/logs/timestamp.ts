const ZERO = 48;
const MINUS = 45;
const NANOSECONDS = 1_000_000_000n;

/** Reads the fixed-width times of log entries (`2026-01-02T03:04:05.123456789+01:00`) without making strings. */
export class TimestampReader {
  #seconds = 0;
  #nanoseconds = 0;
  /** The minute that was read last, and where it begins: entries of one minute share it. */
  #minute = -1;
  #minuteStart = 0;
  #limits:
    | {
        since: bigint;
        until: bigint;
        seconds: number;
        nanoseconds: number;
        lastSeconds: number;
        lastNanoseconds: number;
      }
    | undefined;

  /** Of the time that was read last, since the epoch; 0 for a senseless one. */
  get seconds(): number {
    return Number.isNaN(this.#seconds) ? 0 : this.#seconds;
  }

  get nanoseconds(): number {
    return Number.isNaN(this.#nanoseconds) ? 0 : this.#nanoseconds;
  }

  /** Takes the time that begins at `pos`. Bytes that are no digits make a senseless time, never an error. */
  read(buffer: Buffer, pos: number): this {
    const hours = two(buffer, pos + 11);
    const minutes = two(buffer, pos + 14);
    const offset = (two(buffer, pos + 30) * 60 + two(buffer, pos + 33)) * (buffer[pos + 29] === MINUS ? -1 : 1);
    const year = two(buffer, pos) * 100 + two(buffer, pos + 2);
    const month = two(buffer, pos + 5);
    const day = two(buffer, pos + 8);
    const minute = ((((year * 13 + month) * 32 + day) * 24 + hours) * 60 + minutes) * 2881 + offset;
    if (minute !== this.#minute) {
      this.#minute = minute;
      this.#minuteStart = Date.UTC(year, month - 1, day, hours, minutes - offset) / 1000;
    }
    this.#seconds = this.#minuteStart + two(buffer, pos + 17);
    let nanoseconds = 0;
    for (let digit = pos + 20; digit < pos + 29; digit++) nanoseconds = nanoseconds * 10 + buffer[digit]! - ZERO;
    this.#nanoseconds = nanoseconds;
    return this;
  }

  /** Negative: before `since`; positive: after `until`; 0: between them, both included. 0n means no limit. */
  compare(range: { since: bigint; until: bigint }): number {
    this.#limits ??= {
      ...range,
      seconds: Number(range.since / NANOSECONDS),
      nanoseconds: Number(range.since % NANOSECONDS),
      lastSeconds: Number(range.until / NANOSECONDS),
      lastNanoseconds: Number(range.until % NANOSECONDS),
    };
    const { since, until, seconds, nanoseconds, lastSeconds, lastNanoseconds } = this.#limits;
    if (since > 0n && (this.#seconds - seconds || this.#nanoseconds - nanoseconds) < 0) return -1;
    return until > 0n && (this.#seconds - lastSeconds || this.#nanoseconds - lastNanoseconds) > 0 ? 1 : 0;
  }

  /** `2026-01-02T03:04:05.123456789`, in UTC. */
  toUtc(): string {
    const seconds = Number.isNaN(this.#seconds) ? 0 : this.#seconds;
    return `${new Date(seconds * 1000).toISOString().slice(0, 19)}.${String(this.#nanoseconds).padStart(9, '0').slice(-9)}`;
  }
}

function two(buffer: Buffer, pos: number): number {
  return (buffer[pos]! - ZERO) * 10 + buffer[pos + 1]! - ZERO;
}
