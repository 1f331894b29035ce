import { type ChildProcess, spawn } from 'node:child_process';

/** Functions by name, called from the test in another process. Arguments and results are JSON. */
export type Methods = Record<string, (...args: never[]) => unknown>;

/** In the child: answers calls until the parent goes away. */
export function answerCalls(methods: Methods): void {
  process.on('message', async ({ id, method, args }: { id: number; method: string; args: never[] }) => {
    try {
      const result = await methods[method]!(...args);
      process.send!({ id, result });
    } catch (error) {
      const { message, code, hint } = error as { message: string; code?: string; hint?: string };
      process.send!({ id, error: { message, code, hint } });
    }
  });
  process.on('disconnect', () => process.exit(0));
  process.send!({ id: 0 });
}

/** In the test: a script in a network namespace, and its functions. A failed call throws with the child's message, code and hint. */
export class Remote<M extends Methods> {
  readonly process: ChildProcess;
  readonly #open = new Map<number, PromiseWithResolvers<unknown>>();
  #id = 0;

  private constructor(child: ChildProcess) {
    this.process = child;
    child.on('message', ({ id, result, error }: { id: number; result?: unknown; error?: { message: string } }) => {
      const call = this.#open.get(id);
      this.#open.delete(id);
      if (error) call?.reject(Object.assign(new Error(error.message), error));
      else call?.resolve(result);
    });
    child.on('exit', (code, signal) => {
      for (const call of this.#open.values()) call.reject(new Error(`the process ended: ${signal ?? code}`));
      this.#open.clear();
    });
  }

  static async start<M extends Methods>(namespacePath: string, script: URL, args: string[] = []): Promise<Remote<M>> {
    const child = spawn('nsenter', [`--net=${namespacePath}`, process.execPath, script.pathname, ...args], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
    });
    const remote = new Remote<M>(child);
    const ready = Promise.withResolvers<unknown>();
    remote.#open.set(0, ready);
    await ready.promise;
    return remote;
  }

  call<K extends keyof M & string>(method: K, ...args: Parameters<M[K]>): Promise<Awaited<ReturnType<M[K]>>> {
    const id = ++this.#id;
    const call = Promise.withResolvers<unknown>();
    this.#open.set(id, call);
    this.process.send({ id, method, args });
    return call.promise as Promise<Awaited<ReturnType<M[K]>>>;
  }

  /** Ends it as a power cut would; resolves when it is gone. */
  async kill(): Promise<void> {
    if (this.process.exitCode !== null || this.process.signalCode !== null) return;
    const gone = new Promise((resolve) => this.process.once('exit', resolve));
    this.process.kill('SIGKILL');
    await gone;
  }
}
