import { randomBytes } from 'node:crypto';
import type { EndpointWish } from '@berth/contract';
import { BerthError, type Scope } from '@berth/kit';
import { bytesOf, type Family, formatAddress, formatSubnet, holds, parseAddress } from '../ip-address.ts';
import { type Endpoint, type EndpointRequest, GATEWAY_NAMES, hasNames, type NetworkRecord } from '../model.ts';
import { poolsOf } from '../pools.ts';
import type { LiveNetwork, Pool } from '../state.ts';
import { checkEndpoint } from './check.ts';

/** An endpoint of nothing: what containers have on `host` and `none`, and the start of every other. */
export function emptyEndpoint(network: NetworkRecord): Endpoint {
  return {
    networkId: network.id,
    networkName: network.name,
    endpointId: randomBytes(32).toString('hex'),
    ipAddress: '',
    prefixLength: 0,
    gateway: '',
    ipv6Address: '',
    ipv6PrefixLength: 0,
    ipv6Gateway: '',
    macAddress: '',
  };
}

/**
 * Decides on addresses and names of an endpoint and takes the addresses; `scope` gives them back.
 * Errors: invalid (wishes that do not fit), forbidden (`Address already in use`), conflict (no address left).
 */
export function planEndpoint(
  scope: Scope,
  live: LiveNetwork,
  request: Pick<EndpointRequest, 'wish' | 'dnsNames'>,
  takenNames: readonly string[],
): Endpoint {
  const { network, link } = live;
  const { wish } = request;
  checkEndpoint(network, wish);
  const endpoint = emptyEndpoint(network);
  const four = takeAddress(scope, live, 4, wish.IPAMConfig?.IPv4Address);
  const six = takeAddress(scope, live, 6, wish.IPAMConfig?.IPv6Address);
  if (four) {
    endpoint.ipAddress = formatAddress(4, four.address);
    endpoint.prefixLength = four.pool.subnet.prefixLength;
    endpoint.gateway = gatewayText(live, four.pool);
  }
  if (six) {
    endpoint.ipv6Address = formatAddress(6, six.address);
    endpoint.ipv6PrefixLength = six.pool.subnet.prefixLength;
    endpoint.ipv6Gateway = gatewayText(live, six.pool);
  }
  const ipvlan = link.kind === 'parent' && link.options.driver === 'ipvlan';
  endpoint.macAddress = ipvlan ? '' : wish.MacAddress?.toLowerCase().replaceAll('-', ':') || macOf(four?.address);
  endpoint.interfaceName = interfaceName(live, wish, takenNames);
  if (wish.GwPriority) endpoint.gwPriority = wish.GwPriority;
  if (wish.IPAMConfig?.LinkLocalIPs?.length) endpoint.linkLocal = [...wish.IPAMConfig.LinkLocalIPs];
  if (hasNames(network)) {
    endpoint.dnsNames = request.dnsNames;
    if (wish.Links?.length) endpoint.links = [...wish.Links];
  }
  return endpoint;
}

function takeAddress(
  scope: Scope,
  live: LiveNetwork,
  family: Family,
  wished: string | undefined,
): { pool: Pool; address: bigint } | undefined {
  const pools = poolsOf(live, family);
  const [first] = pools;
  if (!first) return undefined;
  const found = wished ? takeWished(pools, family, wished) : { pool: first, address: first.addresses.take() };
  scope.add('address', () => found.pool.addresses.release(found.address));
  return found;
}

function takeWished(pools: readonly Pool[], family: Family, wished: string): { pool: Pool; address: bigint } {
  const address = parseAddress(wished)!.value; // checked before
  const pool = pools.find(({ subnet }) => holds(subnet, { family, value: address }))!;
  if (!pool.addresses.takeThis(address)) {
    throw new BerthError('forbidden', 'Address already in use', {
      hint: `${wished} is the gateway's, an auxiliary address, or another container has it ("network inspect" shows them).`,
    });
  }
  return { pool, address };
}

/** Networks without a way out have no gateway; L3 modes of ipvlan need none: the link itself leads everywhere. */
function gatewayText({ network, link }: LiveNetwork, { gateway, subnet }: Pool): string {
  if (network.spec.internal) return '';
  if (link.kind === 'parent' && link.options.driver === 'ipvlan' && link.options.mode !== 'l2') {
    return subnet.family === 4 ? '0.0.0.0' : '::';
  }
  const spec = network.spec.pools.find((pool) => pool.subnet === formatSubnet(subnet));
  return (
    spec?.aux[GATEWAY_NAMES[subnet.family]] ?? (gateway === undefined ? '' : formatAddress(subnet.family, gateway))
  );
}

/** As Docker derives it: locally administered, the IPv4 address in its last four bytes. */
export function macOf(address: bigint | undefined): string {
  const bytes = address === undefined ? randomBytes(4) : bytesOf(4, address);
  return `02:42:${bytes.toString('hex').replace(/..(?!$)/g, '$&:')}`;
}

function interfaceName({ link }: LiveNetwork, wish: EndpointWish, taken: readonly string[]): string {
  const wished = wish.DriverOpts?.['com.docker.network.endpoint.ifname'];
  if (wished) {
    if (!/^[A-Za-z0-9_][A-Za-z0-9_.-]{0,14}$/.test(wished) || taken.includes(wished))
      throw new BerthError('invalid', `invalid interface name ${JSON.stringify(wished)}`);
    return wished;
  }
  const prefix = link.kind === 'bridge' ? link.options.interfacePrefix : 'eth';
  for (let number = 0; ; number++) {
    if (!taken.includes(`${prefix}${number}`)) return `${prefix}${number}`;
  }
}
