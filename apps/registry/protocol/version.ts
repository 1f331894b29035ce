import type { Exchange } from '../http/exchange.ts';
import { sendJson } from '../http/send.ts';

/** `GET /v2/`: this is a registry, and the client may go on. */
export async function sendVersion({ answer }: Exchange): Promise<void> {
  sendJson(answer, 200, {});
}
