import type { IncomingMessage } from 'node:http';
import { BerthError } from '@berth/kit';

/** No request of the API is near this size; what is larger is refused before it is parsed. */
export const JSON_BODY_MAX = 4 * 1024 * 1024;

/**
 * Reads a JSON object from a request; undefined when the body is empty. Errors: invalid, in Docker's words (content
 * type, syntax, content after the value), or for what is too large or not an object.
 */
export async function readJsonBody(request: IncomingMessage): Promise<Record<string, unknown> | undefined> {
  const length = Number(request.headers['content-length'] ?? -1);
  const chunked = request.headers['transfer-encoding'] !== undefined;
  const type = request.headers['content-type'] ?? '';
  if (length <= 0 && !chunked) {
    if (type !== '') checkType(type);
    return undefined;
  }
  checkType(type);
  if (length > JSON_BODY_MAX) throw tooLarge();
  const text = (await readBounded(request)).toString('utf8').trim();
  if (text === '') throw new BerthError('invalid', 'invalid JSON: got EOF while reading request body');
  const value = parse(text);
  if (value === null) return undefined;
  if (typeof value !== 'object' || Array.isArray(value)) {
    throw new BerthError(
      'invalid',
      `invalid JSON: expected an object, got ${Array.isArray(value) ? 'an array' : `a ${typeof value}`}`,
    );
  }
  return value as Record<string, unknown>;
}

function checkType(type: string): void {
  const media = type.split(';', 1)[0]!.trim().toLowerCase();
  if (media === '') throw new BerthError('invalid', `malformed Content-Type header (${type}): mime: no media type`);
  if (media !== 'application/json') {
    throw new BerthError('invalid', `unsupported Content-Type header (${type}): must be 'application/json'`);
  }
}

async function readBounded(request: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of request.iterator({ destroyOnReturn: false }) as AsyncIterable<Buffer>) {
    size += chunk.length;
    if (size > JSON_BODY_MAX) throw tooLarge();
    chunks.push(chunk);
  }
  return chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks);
}

function tooLarge(): BerthError {
  return new BerthError('invalid', `request body too large: at most ${JSON_BODY_MAX} bytes are read`);
}

function parse(text: string): unknown {
  try {
    // A member named __proto__ would become the prototype of whatever it is copied into.
    return /__proto__|\\u/.test(text)
      ? JSON.parse(text, (key, value) => (key === '__proto__' ? undefined : value))
      : JSON.parse(text);
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    if (/after JSON/.test(why)) throw new BerthError('invalid', 'unexpected content after JSON', { cause });
    const reason =
      /end of JSON|Unterminated|Expected .* at position/.test(why) && endsEarly(text, why) ? 'unexpected EOF' : why;
    throw new BerthError('invalid', `invalid JSON: ${reason}`, { cause });
  }
}

/** True when the parser stopped at the end of the text: the body was cut off. */
function endsEarly(text: string, why: string): boolean {
  const position = /position (\d+)/.exec(why);
  return position === null ? /end of JSON/.test(why) : Number(position[1]) >= text.length;
}
