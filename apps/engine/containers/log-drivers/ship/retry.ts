import type { RemoteOptions } from '../remote-options.ts';

/** When sending is tried again. */
export interface RetryPolicy {
  /** After so many more attempts lines are dropped; infinite where the options say nothing. */
  attempts: number;
  /** Milliseconds before the attempt after the n-th. */
  wait(attempt: number): number;
}

const FIRST_WAIT = 100;
const LONGEST_WAIT = 5000;

export function retryPolicy(options: RemoteOptions): RetryPolicy {
  const backOff = (attempt: number) => Math.min(LONGEST_WAIT, FIRST_WAIT * 2 ** Math.min(attempt - 1, 10));
  switch (options.driver) {
    case 'fluentd':
      return { attempts: options.maxRetries, wait: () => Math.min(options.retryWait, 2 ** 31 - 1) };
    case 'gelf': {
      const { maxReconnect, reconnectDelay } = options;
      return {
        attempts: maxReconnect ?? Number.POSITIVE_INFINITY,
        wait: reconnectDelay === undefined ? backOff : () => reconnectDelay * 1000,
      };
    }
    default:
      return { attempts: Number.POSITIVE_INFINITY, wait: backOff };
  }
}
