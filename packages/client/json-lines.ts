import type { TransportResponse } from './transport/transport.ts';

/** Limit of one message; a line without an end would otherwise grow for ever. */
const LINE_LIMIT = 16 * 1024 * 1024;

/** Reads a body of JSON values, one per line (pull, push, load, events), as they arrive. */
export async function* jsonLines<T>(response: TransportResponse): AsyncGenerator<T> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of response.body) {
    rest += decoder.decode(chunk, { stream: true });
    const lines = rest.split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield JSON.parse(line) as T;
    if (rest.length > LINE_LIMIT) throw new Error('message of the engine is too long');
  }
  if (rest.trim() !== '') yield JSON.parse(rest) as T;
}
