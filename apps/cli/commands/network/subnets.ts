import { CliError } from '../../cli-error.ts';

export interface SubnetFlags {
  subnets: readonly string[];
  ranges: readonly string[];
  gateways: readonly string[];
  /** By name. */
  aux: Readonly<Record<string, string>>;
}

/** One subnet as the API takes it. */
export interface SubnetConfig {
  Subnet: string;
  IPRange?: string;
  Gateway?: string;
  AuxiliaryAddresses?: Record<string, string>;
}

/** Puts ranges, gateways and further addresses to the subnets that they lie in; errors in Docker's words. */
export function readSubnets({ subnets, ranges, gateways, aux }: SubnetFlags): SubnetConfig[] {
  if (subnets.length < ranges.length || subnets.length < gateways.length) {
    throw new CliError('every ip-range or gateway must have a corresponding subnet');
  }
  const configs: SubnetConfig[] = [];
  for (const subnet of subnets) {
    const clash = configs.some((other) => holds(other.Subnet, subnet) || holds(subnet, other.Subnet));
    if (clash) throw new CliError('multiple overlapping subnet configuration is not supported');
    configs.push({ Subnet: subnet });
  }
  for (const range of ranges) {
    const config = configs.find(({ Subnet }) => holds(Subnet, range));
    if (!config) throw new CliError(`no matching subnet for range ${range}`);
    if (config.IPRange) {
      throw new CliError(
        `cannot configure multiple ranges (${range}, ${config.IPRange}) on the same subnet (${config.Subnet})`,
      );
    }
    config.IPRange = range;
  }
  for (const gateway of gateways) {
    const config = configs.find(({ Subnet }) => holds(Subnet, gateway));
    if (!config) throw new CliError(`no matching subnet for gateway ${gateway}`);
    if (config.Gateway) {
      throw new CliError(
        `cannot configure multiple gateways (${gateway}, ${config.Gateway}) for the same subnet (${config.Subnet})`,
      );
    }
    config.Gateway = gateway;
  }
  for (const [name, address] of Object.entries(aux)) {
    const config = configs.find(({ Subnet }) => holds(Subnet, address));
    if (!config) throw new CliError(`no matching subnet for aux-address ${address}`);
    config.AuxiliaryAddresses = { ...config.AuxiliaryAddresses, [name]: address };
  }
  return configs;
}

/** Whether an address, or the first one of a range, lies in a subnet. Errors: Docker's sentence for a text that is neither. */
function holds(subnet: string, text: string): boolean {
  const [base = '', length = ''] = subnet.split('/');
  const range = addressBits(base);
  if (range === undefined || !/^\d{1,3}$/.test(length) || Number(length) > range.length) {
    throw new CliError(`invalid CIDR address: ${subnet}`);
  }
  const address = addressBits(text.split('/')[0] ?? '');
  return address?.length === range.length && address.startsWith(range.slice(0, Number(length)));
}

/** The bits of an address, as a text of 0 and 1; undefined when it is none. */
function addressBits(text: string): string | undefined {
  if (/^\d{1,3}(\.\d{1,3}){3}$/.test(text)) {
    const parts = text.split('.').map(Number);
    return parts.every((part) => part < 256) ? parts.map((part) => bits(part, 8)).join('') : undefined;
  }
  if (!/^[0-9a-f:]+$/i.test(text) || !text.includes(':')) return undefined;
  const [left = '', right] = text.split('::');
  const head = left ? left.split(':') : [];
  const tail = right ? right.split(':') : [];
  const zeros = right === undefined ? [] : new Array<string>(Math.max(0, 8 - head.length - tail.length)).fill('0');
  const groups = [...head, ...zeros, ...tail];
  if (groups.length !== 8 || groups.some((group) => !/^[0-9a-f]{1,4}$/i.test(group))) return undefined;
  return groups.map((group) => bits(Number.parseInt(group, 16), 16)).join('');
}

function bits(value: number, width: number): string {
  return value.toString(2).padStart(width, '0');
}
