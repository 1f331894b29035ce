import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';

type Handle = (message: IncomingMessage, answer: ServerResponse) => void;

/** The requests that are being answered. */
export interface UnderWay {
  /** Resolves when there are none. */
  none(): Promise<void>;
}

interface Exchange {
  message: IncomingMessage;
  answer: ServerResponse;
}

/**
 * Answers the requests of one connection one after the other, whatever a client sends ahead, so that a connection costs
 * no more than one open file; and closes connections on which nothing moved for `idleMs` milliseconds, except where it is
 * this registry that is still at work (a large blob is being checked).
 */
export function answerInOrder(server: Server, handle: Handle, idleMs: number): UnderWay {
  let count = 0;
  let idle: (() => void) | undefined;
  const waiting = new WeakMap<Socket, Exchange[]>();
  const next = (queue: Exchange[]) => {
    const [first] = queue;
    if (!first || first.message.socket.destroyed) return; // nobody is there to be answered
    count++;
    first.answer.once('close', () => {
      if (--count === 0) idle?.();
      queue.shift();
      next(queue);
    });
    handle(first.message, first.answer);
  };
  const take: Handle = (message, answer) => {
    const queue = waiting.get(message.socket) ?? [];
    waiting.set(message.socket, queue);
    queue.push({ message, answer });
    if (queue.length === 1) next(queue);
  };
  server.on('request', take);
  server.on('checkContinue', take);
  server.timeout = idleMs;
  server.on('timeout', (socket) => {
    const [first] = waiting.get(socket) ?? [];
    if (first?.message.complete && !first.answer.headersSent) socket.setTimeout(idleMs);
    else socket.destroy();
  });
  return {
    none: () =>
      new Promise((resolve) => {
        if (count === 0) resolve();
        else idle = resolve;
      }),
  };
}
