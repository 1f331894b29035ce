import { randomBytes } from 'node:crypto';
import { BerthError } from '@berth/kit';
import type { ExecWish } from '../parse/parse-exec.ts';

/** One process that was or is to be run in a container beside its first. Known only to the engine that made it. */
export interface Exec {
  id: string;
  containerId: string;
  wish: ExecWish;
  state: 'created' | 'running' | 'exited';
  /** Process id on the host; 0 until it is known. */
  pid: () => number;
  exitCode: number | null;
  resize: ((rows: number, columns: number) => void) | undefined;
}

/** Ended ones are kept for clients that ask for the exit code, at most so many in all. */
const KEEP_ENDED = 2000;

export class ExecRegistry {
  readonly #execs = new Map<string, Exec>();
  /** The same by container: inspect asks for those of one, whatever the number of all. */
  readonly #ofContainer = new Map<string, Set<Exec>>();

  add(containerId: string, wish: ExecWish): Exec {
    const exec: Exec = {
      id: randomBytes(32).toString('hex'),
      containerId,
      wish,
      state: 'created',
      pid: () => 0,
      exitCode: null,
      resize: undefined,
    };
    this.#execs.set(exec.id, exec);
    const own = this.#ofContainer.get(containerId) ?? new Set();
    this.#ofContainer.set(containerId, own.add(exec));
    this.#trim();
    return exec;
  }

  /** Errors: not-found. */
  get(id: string): Exec {
    const exec = this.#execs.get(id);
    if (!exec) throw new BerthError('not-found', `No such exec instance: ${id}`);
    return exec;
  }

  /** Ids of what runs in a container, for inspect. */
  idsOf(containerId: string): string[] {
    return [...(this.#ofContainer.get(containerId) ?? [])].filter((e) => e.state !== 'exited').map(({ id }) => id);
  }

  forget(id: string): void {
    const exec = this.#execs.get(id);
    if (!exec) return;
    this.#execs.delete(id);
    const own = this.#ofContainer.get(exec.containerId);
    own?.delete(exec);
    if (own?.size === 0) this.#ofContainer.delete(exec.containerId);
  }

  forgetContainer(containerId: string): void {
    for (const exec of this.#ofContainer.get(containerId) ?? []) this.#execs.delete(exec.id);
    this.#ofContainer.delete(containerId);
  }

  #trim(): void {
    if (this.#execs.size <= KEEP_ENDED) return;
    for (const exec of this.#execs.values()) {
      if (exec.state !== 'running') this.forget(exec.id);
      if (this.#execs.size <= KEEP_ENDED) return;
    }
  }
}
