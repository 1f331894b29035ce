import type { Wait } from '@berth/oci';
import type { Progress } from './progress.ts';

/** Shorter pauses are not worth a line. Milliseconds. */
const WORTH_SAYING = 1000;
const SHORT = 12;

/**
 * Says that something is tried again after a pause, on the line of its layer or on one of its own: `Retrying in 5 seconds`
 * as Docker does, with the reason; a registry that limits requests is named.
 */
export function tellWait(progress: Progress, { url, at, milliseconds, reason }: Wait): void {
  if (milliseconds < WORTH_SAYING) return;
  const seconds = Math.round(milliseconds / 1000);
  const why = reason.startsWith('429') ? `${url.host} limits requests: ${reason}` : reason;
  const text = `Retrying in ${seconds} second${seconds === 1 ? '' : 's'} (${why})`;
  const layer = /\/blobs\/sha256:([0-9a-f]{64})$/.exec(at)?.[1]?.slice(0, SHORT);
  if (layer === undefined) progress.message(text);
  else progress.layer(layer, text);
}
