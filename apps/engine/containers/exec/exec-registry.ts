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
    return [...this.#execs.values()]
      .filter((e) => e.containerId === containerId && e.state !== 'exited')
      .map((e) => e.id);
  }

  forget(id: string): void {
    this.#execs.delete(id);
  }

  forgetContainer(containerId: string): void {
    for (const exec of this.#execs.values()) if (exec.containerId === containerId) this.#execs.delete(exec.id);
  }

  #trim(): void {
    if (this.#execs.size <= KEEP_ENDED) return;
    for (const exec of this.#execs.values()) {
      if (exec.state !== 'running') this.#execs.delete(exec.id);
      if (this.#execs.size <= KEEP_ENDED) return;
    }
  }
}
