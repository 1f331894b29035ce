import type { EngineClient } from '@berth/client';
import { describeError } from '@berth/kit';
import type { Operation } from '../plan/operation.ts';
import { perform } from './perform.ts';

/** A step of what is shown. `done` false: it has begun. */
export interface Progress {
  operation: Operation;
  /** `Container shop-web-1` */
  subject: string;
  /** `Creating`, `Created`, … */
  word: string;
  done: boolean;
  error?: string;
}

export interface ExecuteOptions {
  client: EngineClient;
  /** How many at once; Infinity is no limit. Default: 64. */
  parallel?: number;
  signal?: AbortSignal;
  /** Nothing is called; what would be done is said. */
  dryRun?: boolean;
  onProgress?: (progress: Progress) => void;
  onOutput?: (container: string, text: Uint8Array) => void;
  onWarning?: (text: string) => void;
  /** Called before a container is started, so that nothing of its output is missed. */
  beforeStart?: (operation: Operation & { kind: 'start-container' }) => Promise<void>;
}

/** Calls to one engine at a time, unless another limit is given: more than its socket takes in a row would be refused. */
const DEFAULT_PARALLEL = 64;

/**
 * Carries operations out, each when those that it needs are done, as many as may side by side. After a failure nothing
 * new is begun; what is under way is waited for, then the first error is thrown.
 */
export async function execute(operations: readonly Operation[], options: ExecuteOptions): Promise<void> {
  await new Execution(operations, options).run();
}

class Execution {
  readonly #waiting: Map<string, Operation>;
  readonly #missing = new Map<string, Set<string>>();
  readonly #options: ExecuteOptions;
  readonly #limit: number;
  readonly #signal: AbortSignal;
  #running = 0;
  #failure: { error: unknown } | undefined;
  #settle: () => void = () => undefined;

  constructor(operations: readonly Operation[], options: ExecuteOptions) {
    this.#options = options;
    this.#signal = options.signal ?? new AbortController().signal;
    this.#limit = options.parallel ?? DEFAULT_PARALLEL;
    this.#waiting = new Map(operations.map((operation) => [operation.id, operation]));
    for (const { id, needs } of operations)
      this.#missing.set(id, new Set(needs.filter((need) => this.#waiting.has(need))));
  }

  async run(): Promise<void> {
    await new Promise<void>((resolve) => {
      this.#settle = resolve;
      this.#next();
    });
    if (this.#failure) throw this.#failure.error;
    this.#signal.throwIfAborted();
    const [stuck] = this.#waiting.values();
    if (stuck) throw new Error(`operations wait for each other: ${[...this.#waiting.keys()].join(', ')}`);
  }

  #next(): void {
    for (const [id, operation] of this.#waiting) {
      if (this.#failure || this.#signal.aborted || this.#running >= this.#limit) break;
      if (this.#missing.get(id)?.size) continue;
      this.#waiting.delete(id);
      this.#running++;
      void this.#one(operation);
    }
    if (this.#running === 0) this.#settle();
  }

  async #one(operation: Operation): Promise<void> {
    try {
      await this.#perform(operation);
      for (const missing of this.#missing.values()) missing.delete(operation.id);
    } catch (error) {
      if (operation.optional) {
        this.#options.onWarning?.(describeError(error));
        for (const missing of this.#missing.values()) missing.delete(operation.id);
      } else this.#failure ??= { error };
    }
    this.#running--;
    this.#next();
  }

  async #perform(operation: Operation): Promise<void> {
    const { subject, words } = operation;
    const {
      client,
      dryRun,
      onProgress = () => undefined,
      onOutput = () => undefined,
      onWarning = () => undefined,
    } = this.#options;
    const [doing, done] = words;
    if (doing) onProgress({ operation, subject, word: doing, done: false });
    if (!dryRun) {
      try {
        if (operation.kind === 'start-container') await this.#options.beforeStart?.(operation);
        await perform(operation, { client, signal: this.#signal, onOutput, onWarning });
      } catch (error) {
        if (isInUse(operation, error)) {
          onProgress({ operation, subject, word: 'Resource is still in use', done: true });
          return;
        }
        onProgress({ operation, subject, word: 'Error', done: true, error: describeError(error) });
        throw error;
      }
    }
    if (done) onProgress({ operation, subject, word: done, done: true });
  }
}

/** Containers of other files of the project, or of nobody's, keep a network that is to go with the rest. */
function isInUse({ kind, optional }: Operation, error: unknown): boolean {
  return kind === 'remove-network' && optional === true && /has active endpoints/.test(describeError(error));
}
