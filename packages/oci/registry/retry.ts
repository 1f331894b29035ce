import { setTimeout as sleep } from 'node:timers/promises';
import { errnoOf } from '@berth/kit';
import type { HttpResponse } from './transport.ts';

/** Attempts of one request or transfer, the first included. */
export const ATTEMPTS = 5;
/** Milliseconds. */
const BACK_OFF_BASE = 200;
const BACK_OFF_MAX = 5_000;
/** A registry that wants more patience than this gets its answer passed on: the caller can wait better than we. */
const RETRY_AFTER_MAX = 30_000;

/** A pause before something is tried again. */
export interface Wait {
  /** What was asked last, after redirects. */
  url: URL;
  /** Path of the registry that it is about. */
  at: string;
  milliseconds: number;
  /** `429 Too Many Requests`, `connection lost`. */
  reason: string;
}

const TRANSIENT = new Set([
  'ECONNRESET',
  'EPIPE',
  'ETIMEDOUT',
  'ECONNABORTED',
  'ERR_STREAM_PREMATURE_CLOSE',
  'EAI_AGAIN',
]);

/** True for failures of a connection that may go better next time. */
export function isTransient(error: unknown): boolean {
  const code = errnoOf(error);
  return code !== undefined && TRANSIENT.has(code);
}

/** Milliseconds to wait after a failed attempt (from 1), with jitter, so that many clients do not come back at once. */
export function backOff(attempt: number): number {
  return Math.min(BACK_OFF_MAX, BACK_OFF_BASE * 2 ** (attempt - 1)) * (0.5 + Math.random() / 2);
}

/**
 * Milliseconds to wait before asking again after this answer, or undefined when it is final: 5xx (but 501) and 429 are
 * worth another try, and `Retry-After` (seconds or a date) is honoured up to a bound.
 */
export function retryDelay(response: HttpResponse, attempt: number): number | undefined {
  const { status } = response;
  if (status !== 429 && (status < 500 || status === 501)) return undefined;
  const asked = retryAfter(response.headers['retry-after']);
  if (asked === undefined) return backOff(attempt);
  return asked <= RETRY_AFTER_MAX ? asked : undefined;
}

function retryAfter(header: string | undefined): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header)) return Number(header) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - Date.now());
}

/** Waits; rejects when the signal aborts. */
export async function pause(milliseconds: number, signal: AbortSignal): Promise<void> {
  await sleep(milliseconds, undefined, { signal });
}
