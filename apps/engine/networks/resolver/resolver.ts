import { connect, type Socket } from 'node:net';
import { BerthError, type Logger } from '@berth/kit';
import { killResolvers, startResolver } from './process.ts';
import { Lines, type NamedSandbox, type Reply, type Request } from './protocol.ts';

type Wish = Request extends infer R ? (R extends Request ? Omit<R, 'number'> : never) : never;

/**
 * The engine's end of the process that answers names of containers. The process is started when it is first needed,
 * found again by a later engine of the same build, and replaced by one of another.
 */
export class Resolver {
  readonly #execRoot: string;
  readonly #build: string;
  readonly #log: Logger;
  readonly #onLost: () => void;
  #connection: Promise<Connection> | undefined;
  #ended = false;

  /** `onLost`: the process ended although nobody told it to; what it knew must be told again. */
  constructor(options: { execRoot: string; build: string; log: Logger; onLost: () => void }) {
    this.#execRoot = options.execRoot;
    this.#build = options.build;
    this.#log = options.log;
    this.#onLost = options.onLost;
  }

  /** Starts it in the background: names will be wanted soon. */
  expect(): void {
    this.#connect().catch((error: unknown) => this.#log.warn('names of containers cannot be answered', { error }));
  }

  /** Tells of a container, or what has changed with it; gives where it is answered. Errors: unavailable. */
  async set(sandbox: NamedSandbox): Promise<{ udpPort: number; tcpPort: number }> {
    const { udpPort = 0, tcpPort = 0 } = await this.#ask({ verb: 'set', sandbox });
    return { udpPort, tcpPort };
  }

  /** A container is gone. Nobody waits for it; without a process there is nothing to do. */
  drop(id: string): void {
    if (this.#connection)
      this.#ask({ verb: 'drop', id }).catch((error: unknown) =>
        this.#log.debug('the resolver was gone before a container', { id, error }),
      );
  }

  /** These are all containers that there are. */
  async keep(ids: string[]): Promise<void> {
    await this.#ask({ verb: 'keep', ids });
  }

  /** Ends the process, if there is one. */
  async end(): Promise<void> {
    const connection = this.#connection ? await this.#connection.catch(() => undefined) : await open(this.#socketPath);
    this.#connection = undefined;
    if (!connection) return;
    connection.forget();
    await connection.ask({ verb: 'end' }).catch(() => undefined);
    await connection.closed;
  }

  /** Lets go of it; it goes on. */
  release(): void {
    this.#ended = true;
    const connection = this.#connection;
    this.#connection = undefined;
    connection?.then(
      (open) => open.close(),
      () => undefined,
    );
  }

  get #socketPath(): string {
    return `${this.#execRoot}/names.sock`;
  }

  async #ask(wish: Wish): Promise<Reply> {
    const connection = await this.#connect();
    const reply = await connection.ask(wish);
    if (reply.error !== undefined) throw new BerthError('internal', `the resolver of container names: ${reply.error}`);
    return reply;
  }

  #connect(): Promise<Connection> {
    if (this.#ended) throw new BerthError('unavailable', "the engine's networks are stopped");
    this.#connection ??= this.#findOrStart().catch((error: unknown) => {
      this.#connection = undefined;
      throw error;
    });
    return this.#connection;
  }

  async #findOrStart(): Promise<Connection> {
    const present = await open(this.#socketPath);
    if (present) {
      const { build } = await within(present.ask({ verb: 'hello' }), PATIENCE_MS).catch((): Partial<Reply> => ({}));
      if (build === this.#build) return this.#watch(present);
      this.#log.info('replacing the resolver of container names by that of this build');
      present.close();
    }
    await killResolvers(this.#socketPath);
    await startResolver(this.#socketPath, this.#build, `${this.#execRoot}/names.log`);
    const connection = await open(this.#socketPath);
    if (!connection) throw new BerthError('unavailable', 'the resolver of container names ended at once');
    return this.#watch(connection);
  }

  #watch(connection: Connection): Connection {
    connection.onLost(() => {
      this.#connection = undefined;
      if (!this.#ended) this.#onLost();
    });
    return connection;
  }
}

/** One connection to the process; requests are answered in any order. */
class Connection {
  readonly #socket: Socket;
  readonly #open = new Map<number, PromiseWithResolvers<Reply>>();
  readonly closed: Promise<void>;
  #lost: () => void = () => undefined;
  #number = 0;

  constructor(socket: Socket) {
    this.#socket = socket;
    const lines = new Lines();
    socket.setEncoding('utf8');
    socket.unref(); // must not keep an engine from ending
    socket.on('data', (text: string) => {
      for (const line of lines.push(text)) {
        const reply = JSON.parse(line) as Reply;
        this.#open.get(reply.number)?.resolve(reply);
        this.#open.delete(reply.number);
      }
    });
    socket.on('error', () => undefined); // 'close' follows
    this.closed = new Promise((resolve) => {
      socket.once('close', () => {
        for (const { reject } of this.#open.values())
          reject(new BerthError('unavailable', 'the resolver of container names ended'));
        this.#open.clear();
        resolve();
        this.#lost();
      });
    });
  }

  ask(wish: Wish): Promise<Reply> {
    const number = ++this.#number;
    const waiting = Promise.withResolvers<Reply>();
    this.#open.set(number, waiting);
    if (this.#socket.destroyed) {
      this.#open.delete(number);
      return Promise.reject(new BerthError('unavailable', 'the resolver of container names ended'));
    }
    this.#socket.write(`${JSON.stringify({ ...wish, number })}\n`);
    return waiting.promise;
  }

  onLost(callback: () => void): void {
    this.#lost = callback;
  }

  forget(): void {
    this.#lost = () => undefined;
  }

  close(): void {
    this.forget();
    this.#socket.destroy();
  }
}

/** undefined when nobody listens. */
function open(path: string): Promise<Connection | undefined> {
  const socket = connect(path);
  return new Promise((resolve) => {
    socket.once('connect', () => {
      socket.removeAllListeners('error');
      resolve(new Connection(socket));
    });
    socket.once('error', () => resolve(undefined));
  });
}

async function within<T>(promise: Promise<T>, milliseconds: number): Promise<T> {
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Error('no answer')), milliseconds);
  return Promise.race([promise, late.promise]).finally(() => clearTimeout(timer));
}

const PATIENCE_MS = 2000;
