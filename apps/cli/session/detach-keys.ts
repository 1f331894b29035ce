import { CliError } from '../cli-error.ts';

/** The sequence that leaves a container running, as Docker has it. */
export const DEFAULT_DETACH_KEYS = 'ctrl-p,ctrl-q';

/** Reads `ctrl-p,ctrl-q`, `a`, `ctrl-@`: single characters or `ctrl-` with a letter or one of `@ [ \ ] ^ _`. */
export function parseDetachKeys(text: string): Uint8Array {
  return Uint8Array.from(
    (text || DEFAULT_DETACH_KEYS).split(',').map((key) => {
      const control = /^ctrl-([a-zA-Z@[\\\]^_])$/.exec(key)?.[1];
      if (control) return control.toUpperCase().charCodeAt(0) & 0x1f;
      const code = key.charCodeAt(0);
      if (key.length !== 1 || code > 127)
        throw new CliError(`invalid detach keys (${text}): Unknown character: '${key}'`);
      return code;
    }),
  );
}

/**
 * Watches what is typed for the sequence. Bytes of a sequence that is only begun are held back, and follow when it
 * turns out to be something else.
 */
export class DetachFilter {
  readonly #keys: Uint8Array;
  #matched = 0;

  constructor(keys: Uint8Array) {
    this.#keys = keys;
  }

  /** What may be sent on, and whether the sequence is complete; what follows it is dropped. */
  push(chunk: Uint8Array): { data: Uint8Array; detached: boolean } {
    const data: number[] = [];
    for (const byte of chunk) {
      if (byte !== this.#keys[this.#matched]) {
        data.push(...this.#keys.subarray(0, this.#matched));
        this.#matched = 0;
      }
      if (byte === this.#keys[this.#matched]) this.#matched++;
      else data.push(byte);
      if (this.#matched === this.#keys.length) return { data: Uint8Array.from(data), detached: true };
    }
    return { data: Uint8Array.from(data), detached: false };
  }
}
