import type { ServerResponse } from 'node:http';
import { describeError } from '@berth/kit';

/** Bytes that may wait for a slow reader; counters of progress are left out long before. */
const BACKLOG_MAX = 4 * 1024 * 1024;

/**
 * Sends progress messages, each flushed at once. The status goes out with the first message: a failure before it is
 * thrown, a failure after it is a message of its own (`errorDetail`), as clients expect. A reader that does not keep up
 * loses counters (`progressDetail`), never other messages; one that does not read at all is cut off.
 */
export async function sendProgress(
  response: ServerResponse,
  run: (emit: (message: object) => void, signal: AbortSignal) => Promise<void>,
  signal: AbortSignal,
): Promise<void> {
  const emit = (message: object) => {
    if (response.destroyed || response.writableEnded) return;
    if (response.writableNeedDrain && isCounter(message)) return;
    if (response.writableLength > BACKLOG_MAX) {
      response.destroy();
      return;
    }
    begin(response);
    response.write(`${JSON.stringify(message)}\r\n`);
  };
  try {
    await run(emit, signal);
  } catch (error) {
    if (!response.headersSent) throw error;
    const text = describeError(error);
    emit({ errorDetail: { message: text }, error: text });
  }
  if (response.destroyed) return;
  begin(response);
  response.end();
}

function begin(response: ServerResponse): void {
  if (!response.headersSent) response.writeHead(200, { 'Content-Type': 'application/json' });
}

/** A message that the next one of the same line replaces. */
function isCounter(message: object): boolean {
  return (
    'progressDetail' in message &&
    typeof message.progressDetail === 'object' &&
    message.progressDetail !== null &&
    'current' in message.progressDetail
  );
}
