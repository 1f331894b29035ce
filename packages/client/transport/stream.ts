import type { RawSocket, Transport, TransportRequest, TransportResponse } from './transport.ts';

/**
 * HTTP/1.1 over byte streams that `open` makes, for ways to an engine that neither fetch nor Node's http know. A stream
 * whose answer was read to its end carries the next request.
 */
export function streamTransport(open: () => Promise<RawSocket>): Transport {
  let idle: Connection | undefined;
  return {
    connect: open,
    async request(request) {
      const kept = idle?.usable ? idle : undefined;
      idle = undefined;
      const connection = kept ?? new Connection(await open());
      return connection.exchange(request, () => {
        idle = connection;
      });
    },
  };
}

/** Limit of a head or a chunk's size line; those of engines are below 1 KiB. */
const LINE_LIMIT = 64 * 1024;

class Connection {
  readonly #socket: RawSocket;
  readonly #input: Input;

  constructor(socket: RawSocket) {
    this.#socket = socket;
    this.#input = new Input(socket);
  }

  get usable(): boolean {
    return !this.#input.ended;
  }

  /** Sends and resolves with the answer's head; `free` is called when its body is read and another request may follow. */
  async exchange(request: TransportRequest, free: () => void): Promise<TransportResponse> {
    const abort = () => this.#socket.destroy();
    request.signal?.addEventListener('abort', abort, { once: true });
    // An engine may answer before it has all of the body: reading and writing go side by side.
    const sent = this.#send(request);
    const unsent = sent.then(
      () => new Promise<never>(() => {}),
      (error: unknown) => {
        abort();
        throw error;
      },
    );
    const { status, headers } = await Promise.race([unsent, this.#head()]);
    const bodiless = request.method === 'HEAD' || status === 204 || status === 304;
    const over = async () => {
      await sent;
      request.signal?.removeEventListener('abort', abort);
      if (headers.get('connection')?.toLowerCase() !== 'close') free();
    };
    const body = this.#body(headers, bodiless, over);
    if (bodiless) await over();
    return {
      status,
      header: (name) => headers.get(name.toLowerCase()),
      text: async () => {
        const decoder = new TextDecoder();
        let text = '';
        for await (const chunk of body) text += decoder.decode(chunk, { stream: true });
        return text + decoder.decode();
      },
      body,
    };
  }

  /** The head of the answer; those that only say "go on" are passed over. */
  async #head(): Promise<{ status: number; headers: Map<string, string> }> {
    for (;;) {
      const head = parseHead(await this.#input.until('\r\n\r\n'));
      if (head.status >= 200) return head;
    }
  }

  async #send({ method, path, headers, body }: TransportRequest): Promise<void> {
    const bytes = typeof body === 'string' ? new TextEncoder().encode(body) : body;
    const whole = bytes === undefined || bytes instanceof Uint8Array;
    const all: Record<string, string> = { Host: 'localhost', ...headers };
    if (!whole) all['Transfer-Encoding'] = 'chunked';
    else if (bytes || method !== 'GET') all['Content-Length'] = String(bytes?.length ?? 0);
    const lines = Object.entries(all).map(([name, value]) => `${name}: ${value.replaceAll(/[\r\n]/g, ' ')}\r\n`);
    await this.#write(`${method} ${path} HTTP/1.1\r\n${lines.join('')}\r\n`);
    if (whole) return bytes && this.#socket.write(bytes);
    for await (const chunk of bytes) {
      if (chunk.length === 0) continue;
      await this.#write(`${chunk.length.toString(16)}\r\n`);
      await this.#socket.write(chunk);
      await this.#write('\r\n');
    }
    await this.#write('0\r\n\r\n');
  }

  #write(text: string): Promise<void> {
    return this.#socket.write(new TextEncoder().encode(text));
  }

  async *#body(headers: Map<string, string>, none: boolean, over: () => Promise<void>): AsyncGenerator<Uint8Array> {
    if (none) return;
    let whole = false;
    try {
      const length = headers.get('content-length');
      if (headers.get('transfer-encoding')?.toLowerCase() === 'chunked') yield* this.#input.chunks();
      else if (length !== undefined) yield* this.#input.bytes(Number(length));
      else yield* this.#input.rest();
      whole = true;
    } finally {
      // Whoever stops in the middle leaves the rest of the answer on the way: the stream is of no more use.
      if (!whole) this.#socket.destroy();
    }
    if (this.usable) await over();
  }
}

function parseHead(text: string): { status: number; headers: Map<string, string> } {
  const [first = '', ...lines] = text.split('\r\n');
  const status = Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1]);
  if (!status) throw new Error(`malformed HTTP response ${JSON.stringify(first.slice(0, 100))}`);
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status, headers };
}

/** What comes out of a socket, pulled: the next piece is taken from the other side when this one is used up. */
class Input {
  #buffer = new Uint8Array(0);
  #end: { error: Error | undefined } | undefined;
  #wake: (() => void) | undefined;
  #release: (() => void) | undefined;

  constructor(socket: RawSocket) {
    socket.start({
      data: (chunk) => {
        this.#buffer = concat(this.#buffer, chunk);
        const taken = new Promise<void>((resolve) => (this.#release = resolve));
        this.#wake?.();
        return taken;
      },
      end: () => this.#finish(undefined),
      error: (error) => this.#finish(error),
    });
  }

  get ended(): boolean {
    return this.#end !== undefined;
  }

  /** Text up to `mark`, which is taken too. */
  async until(mark: string): Promise<string> {
    for (let from = 0; ; ) {
      const text = new TextDecoder('latin1').decode(this.#buffer.subarray(0, LINE_LIMIT));
      const at = text.indexOf(mark, Math.max(0, from - mark.length));
      if (at >= 0) {
        this.#buffer = this.#buffer.subarray(at + mark.length);
        return text.slice(0, at);
      }
      if (text.length >= LINE_LIMIT) throw new Error('answer of the engine has no end of its head');
      from = text.length;
      if (!(await this.#more())) throw new Error('unexpected EOF: the engine went away');
    }
  }

  async *bytes(count: number): AsyncGenerator<Uint8Array> {
    for (let left = count; left > 0; ) {
      if (this.#buffer.length === 0 && !(await this.#more())) throw new Error('unexpected EOF: the engine went away');
      const piece = this.#take(left);
      left -= piece.length;
      yield piece;
    }
  }

  async *chunks(): AsyncGenerator<Uint8Array> {
    for (;;) {
      const size = Number.parseInt(await this.until('\r\n'), 16);
      if (!(size >= 0)) throw new Error('malformed chunked encoding');
      if (size === 0) break;
      yield* this.bytes(size);
      await this.until('\r\n');
    }
    while ((await this.until('\r\n')) !== ''); // trailers
  }

  async *rest(): AsyncGenerator<Uint8Array> {
    while (this.#buffer.length > 0 || (await this.#more())) yield this.#take(this.#buffer.length);
  }

  #take(most: number): Uint8Array {
    const piece = this.#buffer.subarray(0, most);
    this.#buffer = this.#buffer.subarray(piece.length);
    return piece;
  }

  /** Waits for more; false at the end. */
  async #more(): Promise<boolean> {
    const before = this.#buffer.length;
    this.#release?.();
    while (this.#buffer.length === before) {
      if (this.#end?.error) throw this.#end.error;
      if (this.#end) return false;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return true;
  }

  #finish(error: Error | undefined): void {
    this.#end ??= { error };
    this.#wake?.();
  }
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}
