import type { NetworksState } from '../state.ts';

/** The process that answers names of containers. */
export class Resolver {
  readonly #state: NetworksState;

  constructor(state: NetworksState) {
    this.#state = state;
  }

  /** A network with names was made: somebody may ask soon. */
  expect(): void {
    this.#state.log.debug('names may be asked for soon');
  }

  async end(): Promise<void> {}

  release(): void {}
}
