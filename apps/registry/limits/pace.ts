import type { Endpoint, Exchange } from '../http/exchange.ts';

export interface PaceLimits {
  /** Bytes per second that a client must send or take, on the average of a window; 0: no bound. */
  bytesPerSecond: number;
  /** Milliseconds. */
  window: number;
}

interface Watched {
  exchange: Exchange;
  read: number;
  written: number;
  since: number;
}

/** Ends connections of clients who send or take their bytes one by one, to hold a place for ever. */
export interface Pace {
  around(endpoint: Endpoint): Endpoint;
  close(): void;
}

/**
 * A client is slow when it is he who is waited for: for bytes of his request while nothing of it lies unread here, or
 * for him to take bytes that lie ready.
 */
export function keepPace({ bytesPerSecond, window }: PaceLimits, onCut: (exchange: Exchange) => void): Pace {
  const all = new Set<Watched>();
  const look = () => {
    const now = performance.now();
    for (const watched of all) {
      const { exchange, since } = watched;
      const { message, answer } = exchange;
      const least = (bytesPerSecond * (now - since)) / 1000;
      const [read, written] = [message.socket.bytesRead, message.socket.bytesWritten];
      // Null: nobody here has asked for the body yet. (A body that is iterated over counts as paused between pieces.)
      const sends = !message.complete && message.readableFlowing !== null && message.readableLength === 0;
      const takes = answer.headersSent && answer.writableLength > 0;
      const slow = (sends && read - watched.read < least) || (takes && written - watched.written < least);
      Object.assign(watched, { read, written, since: now });
      if (!slow) continue;
      all.delete(watched);
      onCut(exchange);
      exchange.cut();
    }
  };
  const timer = bytesPerSecond > 0 ? setInterval(look, window) : undefined;
  timer?.unref();
  return {
    around: (endpoint) =>
      timer === undefined
        ? endpoint
        : {
            ...endpoint,
            serve: async (exchange) => {
              const { bytesRead: read, bytesWritten: written } = exchange.message.socket;
              const watched = { exchange, read, written, since: performance.now() };
              all.add(watched);
              try {
                await endpoint.serve(exchange);
              } finally {
                all.delete(watched);
              }
            },
          },
    close: () => clearInterval(timer),
  };
}
