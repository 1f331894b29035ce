import type { IncomingMessage, ServerResponse } from 'node:http';
import { RegistryError } from '../errors.ts';
import { sendJson } from '../http/send.ts';
import { TOKEN_PATH } from './open-control.ts';
import type { TokenEndpoint } from './token-endpoint.ts';

const FORM_LIMIT = 64 * 1024;

/** Answers requests to our token service; resolves to false for other paths. Errors: UNAUTHORIZED, UNSUPPORTED, … */
export function serveToken(endpoint: TokenEndpoint) {
  return async (message: IncomingMessage, answer: ServerResponse, path: string): Promise<boolean> => {
    if (path !== TOKEN_PATH) return false;
    const { method, headers, url = '' } = message;
    if (method !== 'GET' && method !== 'POST')
      throw new RegistryError('UNSUPPORTED', 'tokens are had by GET or POST', { headers: { allow: 'GET, POST' } });
    const form = method === 'POST';
    const parameters = new URLSearchParams(form ? await readForm(message) : url.slice(path.length).replace(/^\?/, ''));
    const asked = await endpoint.ask({ authorization: headers.authorization, parameters, form });
    if ('refusal' in asked) {
      const { code, message: text, status, headers: more } = asked.refusal;
      throw new RegistryError(code, text, { status, headers: { ...more } });
    }
    sendJson(answer, 200, asked.token, { 'cache-control': 'no-store' });
    return true;
  };
}

async function readForm(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  let size = 0;
  for await (const chunk of message as AsyncIterable<Buffer>) {
    size += chunk.byteLength;
    if (size > FORM_LIMIT) throw new RegistryError('SIZE_INVALID', 'the form is too long', { status: 413 });
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString('utf8');
}
