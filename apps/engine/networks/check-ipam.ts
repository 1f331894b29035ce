import { BerthError } from '@berth/kit';
import type { IpamWish } from './create-body.ts';
import { type Family, formatSubnet, holds, overlaps, parseAddress, parseCidr, type Subnet } from './ip-address.ts';

/** Checks the subnets that a user named. Errors: invalid, with all that is wrong in Docker's words, a line each. */
export function checkIpam(config: IpamWish['config'], ipv6: boolean): void {
  const faults = config.flatMap((pool) => poolFaults(pool, ipv6));
  if (faults.length > 0) throw new BerthError('invalid', `invalid network config:\n${faults.join('\n')}`);
}

function poolFaults({ subnet: text, ipRange, gateway, aux }: IpamWish['config'][number], ipv6: boolean): string[] {
  const cidr = parseCidr(text);
  if (!cidr) return [`invalid subnet ${text}: invalid CIDR block notation`];
  const { subnet, address } = cidr;
  if (subnet.family === 6 && !ipv6) return [];
  const faults = address === subnet.base ? [] : [`invalid subnet ${text}: it should be ${formatSubnet(subnet)}`];
  faults.push(...rangeFaults(ipRange, subnet));
  const gatewayFault = addressFault(gateway, subnet);
  if (gatewayFault) faults.push(`invalid gateway ${gateway}: ${gatewayFault}`);
  for (const [name, one] of Object.entries(aux)) {
    const fault = addressFault(one, subnet);
    if (fault) faults.push(`invalid auxiliary address ${name}: ${fault}`);
  }
  return faults;
}

function rangeFaults(text: string, subnet: Subnet): string[] {
  if (text === '') return [];
  const cidr = parseCidr(text);
  if (!cidr) return [`invalid ip-range ${text}: invalid CIDR block notation`];
  const { subnet: range, address } = cidr;
  const parent = formatSubnet(subnet);
  if (range.family !== subnet.family) return [`invalid ip-range ${text}: ${familySentence(subnet.family)}`];
  return [
    ...(range.prefixLength < subnet.prefixLength
      ? [`invalid ip-range ${text}: CIDR block is bigger than its parent subnet ${parent}`]
      : []),
    ...(address === range.base ? [] : [`invalid ip-range ${text}: it should be ${formatSubnet(range)}`]),
    ...(overlaps(range, subnet) ? [] : [`invalid ip-range ${text}: parent subnet ${parent} doesn't contain ip-range`]),
  ];
}

function addressFault(text: string, subnet: Subnet): string | undefined {
  if (text === '') return undefined;
  const address = parseAddress(text);
  if (!address) return 'invalid address';
  if (address.family !== subnet.family) return familySentence(subnet.family);
  return holds(subnet, address) ? undefined : `parent subnet ${formatSubnet(subnet)} doesn't contain this address`;
}

function familySentence(family: Family): string {
  return `parent subnet is an IPv${family} block`;
}
