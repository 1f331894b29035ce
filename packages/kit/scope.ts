/**
 * Owns everything that must be undone. Undo steps run in reverse order, each once, also when an earlier one fails;
 * the first failure is thrown after all have run. Adding to a closed scope undoes at once.
 */
export class Scope implements AsyncDisposable {
  #steps: { name: string; undo: () => void | Promise<void> }[] = [];
  #closing: Promise<void> | undefined;

  /** Registers an undo step; `name` says in errors what could not be undone. */
  add(name: string, undo: () => void | Promise<void>): void {
    if (this.#closing) {
      void Promise.resolve().then(undo);
      return;
    }
    this.#steps.push({ name, undo });
  }

  /** Forgets all steps without running them: what was made now belongs to someone else. */
  release(): void {
    this.#steps = [];
  }

  close(): Promise<void> {
    this.#closing ??= this.#run();
    return this.#closing;
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close();
  }

  async #run(): Promise<void> {
    let first: unknown;
    for (const { name, undo } of this.#steps.splice(0).reverse()) {
      try {
        await undo();
      } catch (cause) {
        first ??= new Error(`cannot undo "${name}"`, { cause });
      }
    }
    if (first) throw first;
  }
}
