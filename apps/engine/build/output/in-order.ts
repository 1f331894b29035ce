/** Bytes of output that are held back for one stage; the middle of what is longer is left out, and that is said. */
const HELD_MAX = 4 * 1024 * 1024;

/** Shows the messages of several writers one writer after the other: the first that has not ended is shown at once. */
export class InOrder {
  readonly #emit: (message: object) => void;
  readonly #held = new Map<number, { messages: object[]; size: number; cut: boolean }>();
  readonly #order: number[];
  readonly #ended = new Set<number>();

  constructor(order: readonly number[], emit: (message: object) => void) {
    this.#order = [...order];
    this.#emit = emit;
  }

  write(writer: number, message: object, size: number): void {
    if (writer === this.#order[0]) {
      this.#emit(message);
      return;
    }
    const held = this.#held.get(writer) ?? { messages: [], size: 0, cut: false };
    this.#held.set(writer, held);
    held.size += size;
    if (held.size <= HELD_MAX || size === 0) held.messages.push(message);
    else if (!held.cut) {
      held.cut = true;
      held.messages.push({ stream: `\n[output clipped: more than ${HELD_MAX} bytes were held back]\n` });
    }
  }

  end(writer: number): void {
    this.#ended.add(writer);
    while (this.#order.length > 0 && this.#ended.has(this.#order[0]!)) {
      this.#order.shift();
      this.#flush(this.#order[0]);
    }
  }

  /** Shows what is held back of this writer now: nothing else is to come. */
  show(writer: number): void {
    this.#flush(writer);
  }

  #flush(writer: number | undefined): void {
    const held = writer === undefined ? undefined : this.#held.get(writer);
    if (writer === undefined || held === undefined) return;
    this.#held.delete(writer);
    for (const message of held.messages) this.#emit(message);
  }
}
