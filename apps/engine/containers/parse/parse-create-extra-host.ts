import { isIP } from 'node:net';
import { BerthError } from '@berth/kit';

/**
 * One entry of `--add-host`: `name:address`, `name=address`, IPv6 addresses with or without brackets. The address
 * `host-gateway` stands for the host as seen from the container.
 * Errors: invalid (`bad format for add-host: "x"`, `invalid IP address in add-host: "x"`).
 */
export function parseExtraHost(entry: string): { host: string; address: string } {
  const [, host, given] = /^([^=:]+)[=:](.*)$/s.exec(entry) ?? [];
  if (host === undefined || given === undefined || !/^[!-~]+$/.test(host) || host.includes('#')) {
    throw new BerthError('invalid', `bad format for add-host: ${JSON.stringify(entry)}`);
  }
  const address = given.startsWith('[') && given.endsWith(']') ? given.slice(1, -1) : given;
  if (address !== 'host-gateway' && (isIP(address) === 0 || address.includes('%'))) {
    throw new BerthError('invalid', `invalid IP address in add-host: ${JSON.stringify(given)}`);
  }
  return { host, address };
}
