import { BerthError } from '@berth/kit';
import { discard } from './body.ts';
import { connectionError } from './connection-error.ts';
import { ATTEMPTS, backOff, isTransient, pause, retryDelay, type Wait } from './retry.ts';
import type { HttpRequest, HttpResponse, Transport } from './transport.ts';

/** What two parties of an exchange need: the transport is the engine's, the signal the caller's. */
export interface ExchangeContext {
  transport: Transport;
  signal: AbortSignal;
  /** Told of every pause before another attempt. */
  onWait?: ((wait: Wait) => void) | undefined;
}

/**
 * Sends a request, again where that may help and nothing was consumed; gives the last answer. Errors: connectionError,
 * or the signal's reason.
 */
export async function exchange(context: ExchangeContext, request: HttpRequest): Promise<HttpResponse> {
  try {
    return await withRetries(context, request, true);
  } catch (cause) {
    context.signal.throwIfAborted();
    throw cause instanceof BerthError ? cause : connectionError(request.method, request.url, cause);
  }
}

/** As `exchange`, but a connection that fails is reported at once, as it is: the caller knows another way. */
export function probe(context: ExchangeContext, request: HttpRequest): Promise<HttpResponse> {
  return withRetries(context, request, false);
}

async function withRetries(
  { transport, signal, onWait }: ExchangeContext,
  request: HttpRequest,
  broken: boolean,
): Promise<HttpResponse> {
  const repeatable = isRepeatable(request);
  for (let attempt = 1; ; attempt++) {
    signal.throwIfAborted();
    const last = !repeatable || attempt === ATTEMPTS;
    let delay: number | undefined;
    let reason: string;
    try {
      const response = await transport.send(request);
      delay = retryDelay(response, attempt);
      if (delay === undefined || last) return response;
      reason = response.statusText;
      await discard(response.body);
    } catch (error) {
      if (!broken || last || !isTransient(error)) throw error;
      delay = backOff(attempt);
      reason = 'connection lost';
    }
    onWait?.({ url: request.url, at: request.url.pathname, milliseconds: delay, reason });
    await pause(delay, signal);
  }
}

/** True when sending the request twice sends the same. */
export function isRepeatable({ body }: Pick<HttpRequest, 'body'>): boolean {
  return body === undefined || body instanceof Uint8Array;
}
