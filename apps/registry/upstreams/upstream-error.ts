import { BerthError, isBerthError, type Logger } from '@berth/kit';
import { type ErrorCode, RegistryError } from '../errors.ts';
import type { CheckedUpstream } from './settings.ts';

/** What an upstream's failure means for whoever asks. */
export type UpstreamFailure =
  | { kind: 'missing' } // it is not there, or not for us: registries do not tell which
  | { kind: 'down'; retryAfter: number | undefined } // it may be better later; seconds
  | { kind: 'wrong' }; // it sent what it must not send

export function failureOf(error: unknown): UpstreamFailure {
  if (error instanceof RegistryError) return { kind: 'wrong' };
  if (!(error instanceof BerthError)) return { kind: 'down', retryAfter: undefined };
  const retryAfter = error.details?.['retryAfter'];
  const status = error.details?.['status'];
  if (typeof retryAfter === 'number') return { kind: 'down', retryAfter };
  if (status === 429) return { kind: 'down', retryAfter: 60 };
  if (error.code === 'not-found' || error.code === 'unauthorized') return { kind: 'missing' };
  if (error.code === 'forbidden' && status !== undefined) return { kind: 'missing' };
  const later = error.code === 'unavailable' || error.code === 'canceled';
  return later ? { kind: 'down', retryAfter: undefined } : { kind: 'wrong' };
}

/** Whether the upstream does not let us in, or not there: it may not say whether anything is there. */
export function isRefused(error: unknown): boolean {
  return isBerthError(error, 'unauthorized') || isBerthError(error, 'forbidden');
}

/** Says in the log what went wrong; of what is merely not there, nothing. */
export function logFailure(
  log: Logger,
  error: unknown,
  { name, credentials }: Pick<CheckedUpstream, 'credentials'> & { name: string },
  facts: Record<string, unknown>,
): void {
  const all = { upstream: name, ...facts, error };
  if (failureOf(error).kind !== 'missing') log.warn('an upstream failed', all);
  // Clients are told that it is not there: whoever runs this learns only here that a password is wrong.
  else if (isRefused(error) && credentials) log.warn('an upstream refused us, with our name and password', all);
  else if (isRefused(error)) log.info('an upstream wants a name and password, and has none from us', all);
}

/**
 * The answer for a client who gets nothing. The cause, which may name hosts that are nobody's business, is in the log
 * already.
 */
export function upstreamError(
  error: unknown,
  { prefix, url }: Pick<CheckedUpstream, 'prefix' | 'url'>,
  missing: { code: ErrorCode; message: string },
): RegistryError {
  const failure = failureOf(error);
  const name = prefix || url.host;
  const options = { cause: error, isLogged: true };
  if (failure.kind === 'missing') return new RegistryError(missing.code, missing.message, { cause: error });
  if (failure.kind === 'wrong')
    return new RegistryError('UNKNOWN', `the upstream ${name} gave something wrong`, { ...options, status: 502 });
  if (failure.retryAfter !== undefined) {
    return new RegistryError('TOOMANYREQUESTS', `the upstream ${name} wants fewer requests`, {
      headers: { 'retry-after': String(failure.retryAfter) },
      cause: error,
    });
  }
  return new RegistryError('UNAVAILABLE', `the upstream ${name} does not answer`, options);
}
