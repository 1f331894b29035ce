import { BerthError } from '@berth/kit';

/** Takes an address to listen at apart. Errors: invalid. */
export function parseAddress(text: string): { host: string | undefined; port: number } {
  const [, v6, host, port] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:[\]/]*)):(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535)
    throw new BerthError('invalid', `${JSON.stringify(text)} is no address to listen at`, {
      hint: 'Give HOST:PORT, for example 127.0.0.1:5000, or :5000 for all addresses of this machine.',
    });
  return { host: v6 ?? (host || undefined), port: Number(port) };
}
