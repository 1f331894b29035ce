import type { RawSocket, TransportRequest, TransportResponse } from './transport/transport.ts';

/** A connection taken over from HTTP: our bytes go to the process's stdin, its output comes back. */
export interface HijackedStream {
  /** Media type of the output: `application/vnd.docker.multiplexed-stream` has frames, `…raw-stream` none. */
  readonly mediaType: string | undefined;
  /** Reads until the other side ends; `sink` may return a promise to slow the sender down. Rejects when the connection breaks. */
  receive(sink: (chunk: Uint8Array) => void | Promise<void>): Promise<void>;
  /** Resolves when the bytes were taken. */
  send(data: Uint8Array): Promise<void>;
  /** Ends stdin; output goes on. */
  closeWrite(): void;
  destroy(): void;
}

/** Limit of a response head: ours are below 1 KiB. */
const HEAD_LIMIT = 64 * 1024;

/**
 * Sends `request` with `Upgrade: tcp` and waits for the answer's head. Throws what `asError` makes of an answer that
 * is neither 101 nor 200.
 */
export function openHijacked(
  socket: RawSocket,
  request: TransportRequest,
  asError: (response: TransportResponse) => Promise<Error>,
): Promise<HijackedStream> {
  return new Promise((resolve, reject) => {
    let head: Uint8Array | undefined = new Uint8Array(0);
    const inbox = new Inbox();
    let failed: ((chunk: Uint8Array | undefined) => void) | undefined;
    socket.start({
      data(chunk) {
        if (failed) return failed(chunk);
        if (!head) return inbox.push(chunk);
        head = concat(head, chunk);
        const end = findHeadEnd(head);
        if (end < 0) {
          if (head.length > HEAD_LIMIT) reject(new Error('answer of the engine has no end of its head'));
          return;
        }
        const { status, headers } = parseHead(new TextDecoder('latin1').decode(head.subarray(0, end)));
        const rest = head.subarray(end + 4);
        head = undefined;
        if (status === 101 || status === 200) {
          if (rest.length) inbox.push(rest);
          resolve(hijackedStream(socket, inbox, headers.get('content-type')));
          return;
        }
        failed = errorCollector(socket, status, headers, (response) => asError(response).then(reject, reject));
        if (rest.length) failed(rest);
      },
      end() {
        if (failed) failed(undefined);
        else if (head) reject(new Error('the engine closed the connection before it answered'));
        else inbox.end();
      },
      error(error) {
        if (head || failed) reject(error);
        else inbox.end(error);
      },
    });
    void socket.write(new TextEncoder().encode(requestHead(request)));
  });
}

function requestHead(request: TransportRequest): string {
  const body = typeof request.body === 'string' ? request.body : '';
  const headers: Record<string, string> = {
    Host: 'localhost',
    ...request.headers,
    Connection: 'Upgrade',
    Upgrade: 'tcp',
    'Content-Length': String(new TextEncoder().encode(body).length),
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value.replaceAll(/[\r\n]/g, ' ')}\r\n`);
  return `${request.method} ${request.path} HTTP/1.1\r\n${lines.join('')}\r\n${body}`;
}

function parseHead(text: string): { status: number; headers: Map<string, string> } {
  const [first = '', ...lines] = text.split('\r\n');
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    if (colon > 0) headers.set(line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim());
  }
  return { status: Number(/^HTTP\/1\.[01] (\d{3})/.exec(first)?.[1] ?? 0), headers };
}

function findHeadEnd(bytes: Uint8Array): number {
  for (let at = 0; at + 3 < bytes.length; at++)
    if (bytes[at] === 13 && bytes[at + 1] === 10 && bytes[at + 2] === 13 && bytes[at + 3] === 10) return at;
  return -1;
}

/** Gathers the body of a refusal, by its length, its chunks or its end, at most 64 KiB. */
function errorCollector(
  socket: RawSocket,
  status: number,
  headers: Map<string, string>,
  done: (response: TransportResponse) => void,
) {
  let body = new Uint8Array(0);
  let finished = false;
  const length = headers.has('content-length') ? Number(headers.get('content-length')) : undefined;
  const chunked = headers.get('transfer-encoding') === 'chunked';
  return (chunk: Uint8Array | undefined): void => {
    if (finished) return;
    if (chunk) body = concat(body, chunk);
    const text = new TextDecoder().decode(body);
    const complete = !chunk || body.length >= (length ?? HEAD_LIMIT) || (chunked && /(^|\r\n)0\r\n/.test(text));
    if (!complete) return;
    finished = true;
    socket.destroy();
    const plain = chunked ? text.replaceAll(/(^|\r\n)[0-9a-fA-F]+\r\n/g, '').replace(/\r\n$/, '') : text;
    done({
      status,
      header: (name) => headers.get(name.toLowerCase()),
      text: async () => plain,
      body: (async function* () {})(),
    });
  };
}

function concat(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

/** Keeps what arrives before `receive`; after that, hands it through. The promise of a full inbox stops the socket. */
class Inbox {
  #early: Uint8Array[] = [];
  #sink: ((chunk: Uint8Array) => void | Promise<void>) | undefined;
  #release: (() => void) | undefined;
  #finish: { resolve: () => void; reject: (error: Error) => void } | undefined;
  #ended: { error: Error | undefined } | undefined;
  #busy: Promise<void> | undefined;

  push(chunk: Uint8Array): void | Promise<void> {
    if (this.#sink) {
      if (!this.#busy) return this.#track(this.#sink(chunk));
      const sink = this.#sink;
      return this.#track(this.#busy.then(() => sink(chunk)));
    }
    this.#early.push(chunk);
    return new Promise((resolve) => {
      const before = this.#release;
      this.#release = () => {
        before?.();
        resolve();
      };
    });
  }

  end(error?: Error): void {
    this.#ended = { error };
    this.#settle();
  }

  async receive(sink: (chunk: Uint8Array) => void | Promise<void>): Promise<void> {
    const finished = new Promise<void>((resolve, reject) => {
      this.#finish = { resolve, reject };
    });
    // A failure of the sink below must not count as unhandled here.
    finished.catch(() => undefined);
    for (let chunk = this.#early.shift(); chunk; chunk = this.#early.shift()) await sink(chunk);
    this.#sink = sink;
    this.#release?.();
    this.#settle();
    return finished;
  }

  #track(result: void | Promise<void>): void | Promise<void> {
    if (!result) return;
    const busy = result.then(
      () => {
        if (this.#busy === busy) this.#busy = undefined;
        this.#settle();
      },
      (error: Error) => this.#finish?.reject(error),
    );
    this.#busy = busy;
    return busy;
  }

  #settle(): void {
    if (!this.#ended || !this.#finish || !this.#sink || this.#busy) return;
    if (this.#ended.error) this.#finish.reject(this.#ended.error);
    else this.#finish.resolve();
  }
}

function hijackedStream(socket: RawSocket, inbox: Inbox, mediaType: string | undefined): HijackedStream {
  return {
    mediaType,
    receive: (sink) => inbox.receive(sink),
    send: (data) => socket.write(data),
    closeWrite: () => socket.closeWrite(),
    destroy: () => socket.destroy(),
  };
}
