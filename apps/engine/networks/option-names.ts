import { BerthError } from '@berth/kit';
import { BRIDGE, MTU, PREFIX } from './bridge/options.ts';
import type { DriverName } from './model.ts';
import { VXLAN_ID } from './overlay/options.ts';

/** All that Docker's own option names begin with; others are kept and shown, and mean nothing. */
const DOCKERS = 'com.docker.network.';

const COMMON = [`${DOCKERS}enable_ipv4`, `${DOCKERS}enable_ipv6`, MTU];
const OF_BRIDGES = [
  PREFIX,
  ...[
    'name',
    'enable_icc',
    'enable_ip_masquerade',
    'host_binding_ipv4',
    'gateway_mode_ipv4',
    'gateway_mode_ipv6',
    'inhibit_ipv4',
  ].map((name) => BRIDGE + name),
];

const OF_OVERLAYS = [
  PREFIX,
  VXLAN_ID,
  ...['enable_icc', 'enable_ip_masquerade', 'host_binding_ipv4'].map((name) => BRIDGE + name),
];

/** Common in compose files as `false`, which is what every network of a user is. */
const DEFAULT_BRIDGE = `${BRIDGE}default_bridge`;

/**
 * Refuses options of Docker's that nothing here reads: a network that lacks what was asked for is worse than none. Only
 * for new networks, so that those that were made before keep working. Errors: not-supported, naming the option.
 */
export function checkOptionNames(driver: DriverName, options: Readonly<Record<string, string>>): void {
  const known = [...COMMON, ...(driver === 'bridge' ? OF_BRIDGES : driver === 'overlay' ? OF_OVERLAYS : [])];
  const isRead = (key: string) =>
    !key.startsWith(DOCKERS) || known.includes(key) || (key === DEFAULT_BRIDGE && options[key] === 'false');
  const unread = Object.keys(options).find((key) => !isRead(key));
  if (unread === undefined) return;
  throw new BerthError('not-supported', `driver option ${unread} is not supported by networks of driver ${driver}`, {
    hint: `Those that are: ${known.join(', ')}.`,
  });
}
