/** One event may carry a container's labels, which have no limit of their own; beyond this something is wrong. */
const LINE_LIMIT = 16 * 1024 * 1024;

/** The lines of a body as they come, without empty ones. */
export async function* textLines(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let rest = '';
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
    rest = lines.pop() ?? '';
    for (const line of lines) if (line.trim() !== '') yield line;
    if (rest.length > LINE_LIMIT) throw new Error('a line of the engine is too long');
  }
  if (rest.trim() !== '') yield rest;
}
