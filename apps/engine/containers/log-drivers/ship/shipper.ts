import { setTimeout as delay } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import type { LogPosition } from '../../logs/index.ts';
import type { FromShipper, ShipRequest, ToShipper } from './protocol.ts';

export interface ShipperEvents {
  onAt(id: string, position: LogPosition): void;
  onDrained(id: string): void;
  onNote(level: 'warn' | 'info', id: string, message: string): void;
  onFailed(error: unknown): void;
}

interface Open {
  request: ShipRequest;
  ended: boolean;
  answer: ((error: string | undefined) => void) | undefined;
}

/** Milliseconds before the thread is begun anew after it failed, and after which it ends when it has nothing to do. */
const PAUSE = 1000;
const IDLE = 10_000;
/** Milliseconds that writing down what was sent may take. */
const CLOSE_WITHIN = 3000;

/** The thread that sends logs (ship-worker.ts): started with the first container that needs it, ended when there is none. */
export class Shipper {
  readonly #events: ShipperEvents;
  readonly #open = new Map<string, Open>();
  #worker: Worker | undefined;
  #idle: NodeJS.Timeout | undefined;
  #pause: NodeJS.Timeout | undefined;
  #closed: (() => void) | undefined;
  #closing = false;

  constructor(events: ShipperEvents) {
    this.#events = events;
  }

  /** Resolves to the reason when the server had to be reached, and was not. */
  open(request: ShipRequest, connect: boolean): Promise<string | undefined> {
    if (this.#closing) return Promise.resolve('the engine is stopping');
    clearTimeout(this.#idle);
    return new Promise((answer) => {
      this.#open.get(request.id)?.answer?.('another start came in between');
      this.#open.set(request.id, { request, ended: false, answer });
      this.#post({ kind: 'open', connect, ...request });
    });
  }

  ended(id: string): void {
    const open = this.#open.get(id);
    if (!open) return;
    open.ended = true;
    this.#post({ kind: 'ended', id });
  }

  closeOne(id: string): void {
    if (!this.#open.delete(id)) return;
    this.#post({ kind: 'close', id });
    this.#endWhenIdle();
  }

  /** Writes down what was sent and ends the thread. */
  async close(): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#idle);
    clearTimeout(this.#pause);
    const worker = this.#worker;
    if (!worker) return;
    const closed = new Promise<void>((resolve) => {
      this.#closed = resolve;
      worker.postMessage({ kind: 'close', id: undefined } satisfies ToShipper);
    });
    await Promise.race([closed, delay(CLOSE_WITHIN, undefined, { ref: false })]);
    await worker.terminate();
  }

  #post(message: ToShipper): void {
    // Between two threads everything is told to the next one at its start.
    if (this.#pause) return;
    this.#worker ??= this.#start();
    this.#worker.postMessage(message);
  }

  #start(): Worker {
    const worker = new Worker(new URL('./ship-worker.ts', import.meta.url), {
      trackUnmanagedFds: false, // Node warns of every descriptor that libc opened and it closes
    });
    worker.unref();
    worker.on('message', (message: FromShipper) => this.#take(message));
    worker.once('error', (error) => this.#events.onFailed(error));
    worker.once('exit', () => {
      if (this.#worker !== worker) return;
      this.#worker = undefined;
      this.#closed?.();
      if (this.#closing || this.#open.size === 0) return;
      this.#pause = setTimeout(() => this.#restart(), PAUSE);
      this.#pause.unref();
    });
    return worker;
  }

  #restart(): void {
    this.#pause = undefined;
    for (const { request, ended, answer } of [...this.#open.values()]) {
      this.#post({ kind: 'open', connect: answer !== undefined, ...request });
      if (ended) this.#post({ kind: 'ended', id: request.id });
    }
  }

  #take(message: FromShipper): void {
    switch (message.kind) {
      case 'opened': {
        const open = this.#open.get(message.id);
        if (message.error !== undefined) this.#open.delete(message.id);
        open?.answer?.(message.error);
        if (open) open.answer = undefined;
        this.#endWhenIdle();
        return;
      }
      case 'at':
        this.#events.onAt(message.id, message);
        return;
      case 'drained':
        if (this.#open.get(message.id)?.ended) this.#open.delete(message.id);
        this.#events.onDrained(message.id);
        this.#endWhenIdle();
        return;
      case 'note':
        this.#events.onNote(message.level, message.id, message.message);
        return;
      case 'closed':
        this.#closed?.();
    }
  }

  #endWhenIdle(): void {
    if (this.#open.size > 0 || this.#closing) return;
    clearTimeout(this.#idle);
    this.#idle = setTimeout(() => {
      const worker = this.#worker;
      this.#worker = undefined;
      void worker?.terminate();
    }, IDLE);
    this.#idle.unref();
  }
}
