import { BerthError } from '@berth/kit';
import { readMtu } from '../bridge/options.ts';

/** Options of a network whose containers have links of their own on a link of the host, read. */
export type ParentOptions = { parent: string; mtu: number | undefined } & (
  | { driver: 'macvlan'; mode: 'bridge' | 'private' | 'vepa' | 'passthru' }
  | { driver: 'ipvlan'; mode: 'l2' | 'l3' | 'l3s'; flag: 'bridge' | 'private' | 'vepa' }
);

/** Reads a network's driver options. `parent` is '' when none was named. Errors: invalid, naming the option. */
export function readParentOptions(
  driver: 'macvlan' | 'ipvlan',
  options: Readonly<Record<string, string>>,
): ParentOptions {
  const parent = options['parent'] ?? '';
  if (parent !== '' && !/^[A-Za-z0-9_][A-Za-z0-9_.:-]{0,14}$/.test(parent)) {
    throw new BerthError('invalid', `invalid parent interface name: ${JSON.stringify(parent)}`);
  }
  if (parent === 'lo') throw new BerthError('invalid', `loopback interface is not a valid ${driver} parent link`);
  const more = { parent, mtu: readMtu(options) };
  if (driver === 'macvlan') {
    const mode = oneOf(options['macvlan_mode'] ?? options['mode'] ?? 'bridge', MACVLAN, 'macvlan mode');
    return { driver, mode, ...more };
  }
  return {
    driver,
    mode: oneOf(options['ipvlan_mode'] ?? options['mode'] ?? 'l2', IPVLAN, 'ipvlan mode'),
    flag: oneOf(options['ipvlan_flag'] ?? 'bridge', FLAGS, 'ipvlan flag'),
    ...more,
  };
}

const MACVLAN = ['bridge', 'private', 'vepa', 'passthru'] as const;
const IPVLAN = ['l2', 'l3', 'l3s'] as const;
const FLAGS = ['bridge', 'private', 'vepa'] as const;

function oneOf<T extends string>(value: string, known: readonly T[], what: string): T {
  const found = known.find((one) => one === value);
  if (found === undefined) {
    throw new BerthError('invalid', `requested ${what} '${value}' is not valid: it is one of ${known.join(', ')}`);
  }
  return found;
}
