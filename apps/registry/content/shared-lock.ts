/**
 * Many may share a key, or one has it alone. Those who want it alone are let in before sharers that came after them, so
 * that a stream of sharers does not keep them out. Not reentrant.
 */
export class SharedLock {
  readonly #states = new Map<string, State>();

  /** Runs work together with others that share the key. */
  shared<T>(key: string, work: () => Promise<T>): Promise<T> {
    return this.#run(key, false, work);
  }

  /** Runs work while nobody else has the key. */
  exclusive<T>(key: string, work: () => Promise<T>): Promise<T> {
    return this.#run(key, true, work);
  }

  async #run<T>(key: string, alone: boolean, work: () => Promise<T>): Promise<T> {
    let state = this.#states.get(key);
    if (!state) {
      state = { sharers: 0, alone: false, waiting: [] };
      this.#states.set(key, state);
    }
    if (state.waiting.length > 0 || state.alone || (alone && state.sharers > 0)) {
      const { promise, resolve } = Promise.withResolvers<void>();
      state.waiting.push({ alone, enter: resolve });
      await promise; // whoever let us in has counted us
    } else enter(state, alone);
    try {
      return await work();
    } finally {
      if (alone) state.alone = false;
      else state.sharers--;
      admit(state);
      if (state.sharers === 0 && !state.alone) this.#states.delete(key);
    }
  }
}

interface State {
  sharers: number;
  alone: boolean;
  waiting: { alone: boolean; enter: () => void }[];
}

function enter(state: State, alone: boolean): void {
  if (alone) state.alone = true;
  else state.sharers++;
}

function admit(state: State): void {
  for (
    let next = state.waiting[0];
    next && !state.alone && !(next.alone && state.sharers > 0);
    next = state.waiting[0]
  ) {
    state.waiting.shift();
    enter(state, next.alone);
    next.enter();
  }
}
