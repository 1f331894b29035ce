import { BerthError } from '@berth/kit';

/** Docker's name of the option that holds a network's VXLAN number. */
export const VXLAN_ID = 'com.docker.network.driver.overlay.vxlanid_list';

/** The number that an overlay network was asked to have, if any. Errors: invalid, not-supported (encryption). */
export function readOverlayOptions(options: Readonly<Record<string, string>>): { vni: number | undefined } {
  if ('encrypted' in options && options['encrypted'] !== 'false') {
    throw new BerthError('not-supported', 'encrypted overlay networks are not supported by Berth', {
      hint: 'Lead the traffic between the hosts through a tunnel of your own (WireGuard) and name its address with cluster-advertise.',
    });
  }
  const text = options[VXLAN_ID];
  if (text === undefined) return { vni: undefined };
  const vni = Number(text);
  if (!isVni(vni))
    throw new BerthError('invalid', `invalid vxlan id value "${text}" passed: it is one number below 16777216`);
  return { vni };
}

/** VXLAN numbers have 24 bits (RFC 7348). */
export function isVni(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value > 0 && value < 1 << 24;
}
