import { Readable } from 'node:stream';
import { BerthError } from '@berth/kit';

/** Opens the body behind an http(s) address. Errors: invalid (address), unavailable (no answer, or not a 200). */
export async function openUrl(address: string, signal: AbortSignal): Promise<Readable> {
  const url = URL.canParse(address)
    ? new URL(address)
    : URL.canParse(`http://${address}`)
      ? new URL(`http://${address}`)
      : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol))
    throw new BerthError('invalid', `invalid source address "${address}"`);
  const response = await fetch(url, { signal }).catch((cause: unknown) => {
    throw new BerthError('unavailable', `cannot download ${url.origin}${url.pathname}`, {
      cause,
      hint: 'Check the address and the network of this host.',
    });
  });
  if (!response.ok || response.body === null) {
    throw new BerthError(
      'unavailable',
      `cannot download ${url.origin}${url.pathname}: the server answered ${response.status}`,
    );
  }
  return Readable.fromWeb(response.body);
}
