/** Ends an expansion; `expandWord` makes the sentence of it. */
export class ExpansionFault extends Error {
  /** True when a bound of ours was met, not a rule of the language. */
  readonly bound: boolean;

  constructor(message: string, bound = false) {
    super(message);
    this.bound = bound;
  }
}
