import type { FlagSpec } from '../command.ts';
import { convertScalar, isRepeated } from './convert.ts';

/** Values of one command's flags, by long name. Asking for a flag that is not declared is a mistake in our code and throws. */
export class FlagValues {
  readonly #specs = new Map<string, FlagSpec>();
  readonly #set = new Map<string, (string | number | boolean)[]>();

  constructor(specs: readonly FlagSpec[]) {
    for (const spec of specs) this.#specs.set(spec.long, spec);
  }

  /** Takes one value as written; throws with the reason alone when it does not fit the type. */
  add(spec: FlagSpec, text: string): void {
    const checked = spec.check ? spec.check(text) : text;
    const value = spec.convert ? spec.convert(checked) : convertScalar(spec.type, checked);
    const long = spec.sameAs ?? spec.long;
    const present = this.#set.get(long);
    if (present && isRepeated(spec.type)) present.push(value);
    else this.#set.set(long, [value]);
  }

  /** True when the user wrote the flag. */
  changed(long: string): boolean {
    this.#spec(long);
    return this.#set.has(long);
  }

  bool(long: string): boolean {
    return this.#last(long) === true;
  }

  string(long: string): string {
    const value = this.#last(long);
    return value === undefined ? '' : String(value);
  }

  /** 0 when absent and without a default. Units: see FlagType. */
  number(long: string): number {
    const value = this.#last(long);
    return typeof value === 'number' ? value : 0;
  }

  /** All values of a repeatable flag in the order written. */
  list(long: string): string[] {
    this.#spec(long);
    return (this.#set.get(long) ?? []).map(String);
  }

  #last(long: string): string | number | boolean | undefined {
    const spec = this.#spec(long);
    const value = this.#set.get(long)?.at(-1);
    if (value !== undefined || spec.default === undefined || isRepeated(spec.type)) return value;
    return convertScalar(spec.type, spec.default);
  }

  #spec(long: string): FlagSpec {
    const spec = this.#specs.get(long);
    if (!spec) throw new Error(`flag --${long} is not declared`);
    return spec;
  }
}
