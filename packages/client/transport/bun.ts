import {
  ConnectError,
  orBroken,
  type RawSocket,
  type TcpAddress,
  type Transport,
  type TransportRequest,
  type TransportResponse,
  type UnixAddress,
} from './transport.ts';

type Local = UnixAddress | TcpAddress;

/** Plain requests by `fetch` with a unix socket, byte streams by `Bun.connect`: neither loads Node's http or net. */
export function bunTransport(address: Local, bun: BunRuntime): Transport {
  return { request: (request) => send(address, request), connect: () => connect(address, bun) };
}

async function send(address: Local, request: TransportRequest): Promise<TransportResponse> {
  const origin =
    address.kind === 'unix' ? 'http://localhost' : `${address.tls ? 'https' : 'http'}://${hostText(address)}`;
  const abort = new AbortController();
  request.signal?.addEventListener('abort', () => abort.abort(), { once: true });
  const init = {
    method: request.method,
    headers: request.headers,
    body: request.body === undefined ? undefined : asBody(request.body),
    signal: abort.signal,
    redirect: 'manual' as const,
    // Answers such as `wait` and `stop -t 900` take as long as they take.
    timeout: false,
    ...(address.kind === 'unix' ? { unix: address.path } : { tls: tlsOptions(address) }),
    // HTTP_PROXY and its kin are for other machines.
    ...(isLocal(address) && { proxy: false }),
  };
  let response: Response;
  try {
    response = await fetch(origin + request.path, init);
  } catch (error) {
    throw asConnectError(error);
  }
  return {
    status: response.status,
    header: (name) => response.headers.get(name) ?? undefined,
    text: () =>
      response.text().catch((error: unknown) => {
        throw orBroken(error);
      }),
    body: chunks(response, abort),
  };
}

async function* chunks(response: Response, abort: AbortController): AsyncGenerator<Uint8Array> {
  if (!response.body) return;
  const reader = response.body.getReader();
  let ended = false;
  try {
    for (;;) {
      const { done, value } = await reader.read().catch((error: unknown) => {
        throw orBroken(error);
      });
      ended = done;
      if (done) return;
      yield value;
    }
  } finally {
    if (!ended) abort.abort();
  }
}

function asBody(
  body: NonNullable<TransportRequest['body']>,
): string | Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array> {
  if (typeof body === 'string') return body;
  if (body instanceof Uint8Array) return new Uint8Array(body);
  return new ReadableStream<Uint8Array>(directSource(body[Symbol.asyncIterator]()));
}

/**
 * Bun's own kind of stream, which costs half of the others: what is written goes to the socket as it is, and `flush`
 * waits for a slow receiver.
 */
function directSource(iterator: AsyncIterator<Uint8Array>): object {
  const source: DirectSource = {
    type: 'direct',
    async pull(controller) {
      for (let next = await iterator.next(); !next.done; next = await iterator.next()) {
        controller.write(next.value);
        await controller.flush();
      }
      controller.close();
    },
    async cancel() {
      await iterator.return?.();
    },
  };
  // Node's types do not know this kind.
  return source;
}

/** What Bun says for a refused or missing socket, by its own names and the kernel's. */
const UNREACHABLE = new Set([
  'FailedToOpenSocket',
  'ConnectionRefused',
  'ENOENT',
  'ECONNREFUSED',
  'EACCES',
  'ENOTSOCK',
  'ENOTFOUND',
  'ETIMEDOUT',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'ENOTDIR',
  'ENAMETOOLONG',
]);

function asConnectError(error: unknown): unknown {
  if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return error;
  return UNREACHABLE.has(error.code) ? new ConnectError(error.code, error) : orBroken(error);
}

function isLocal(address: Local): boolean {
  return address.kind === 'unix' || /^(localhost|127\.[\d.]+|::1)$/.test(address.host);
}

function tlsOptions(address: Local): BunTls | undefined {
  if (address.kind === 'unix' || !address.tls) return undefined;
  const { ca, cert, key, verify } = address.tls;
  return { ...(ca && { ca }), ...(cert && { cert }), ...(key && { key }), rejectUnauthorized: verify };
}

function hostText(address: { host: string; port: number }): string {
  return `${address.host.includes(':') ? `[${address.host}]` : address.host}:${address.port}`;
}

type Handlers = Parameters<RawSocket['start']>[0];

function connect(address: Local, bun: BunRuntime): Promise<RawSocket> {
  /** Events that came before `start`. */
  const early: (() => void)[] = [];
  let handlers: Handlers | undefined;
  let drained: (() => void) | undefined;
  let over = false;
  const later = (event: () => void) => (handlers ? event() : early.push(event));
  const finish = (error?: Error) =>
    later(() => {
      if (over) return;
      over = true;
      drained?.();
      if (error) handlers?.error(error);
      else handlers?.end();
    });
  const target =
    address.kind === 'unix'
      ? { unix: address.path }
      : { hostname: address.host, port: address.port, tls: tlsOptions(address) };
  const opened = bun.connect({
    ...target,
    allowHalfOpen: true,
    socket: {
      data: (socket, chunk) =>
        void later(() => {
          const busy = handlers?.data(chunk);
          if (!busy) return;
          socket.pause();
          busy.then(
            () => socket.resume(),
            (error: unknown) => finish(asError(error)),
          );
        }),
      drain: () => drained?.(),
      end: () => void finish(),
      close: () => void finish(),
      error: (_socket, error) => void finish(error),
    },
  });
  return opened.then(
    (socket) => ({
      start(given) {
        handlers = given;
        for (const event of early.splice(0)) event();
      },
      async write(data) {
        for (let done = 0; done < data.length && !over; ) {
          const taken = socket.write(data.subarray(done));
          if (taken < 0) return;
          done += taken;
          if (done < data.length) await new Promise<void>((resolve) => (drained = resolve));
        }
      },
      closeWrite: () => socket.shutdown(),
      destroy: () => socket.terminate(),
    }),
    (error: unknown) => {
      throw asConnectError(error);
    },
  );
}

function asError(error: unknown): Error {
  return error instanceof Error ? error : new Error(String(error));
}
