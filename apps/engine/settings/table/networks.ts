import { isIP } from 'node:net';
import {
  addressPools,
  cidr,
  ipAddress,
  listOf,
  networkOptions,
  onOff,
  optional,
  pairsOf,
  text,
  wholeNumber,
} from '../kinds/index.ts';
import type { Settings } from '../setting.ts';

const domain = /^(\.|[a-zA-Z0-9_]([\w-]*[a-zA-Z0-9_])?(\.[a-zA-Z0-9_]([\w-]*[a-zA-Z0-9_])?)*\.?)$/;

export const networks = {
  bridge: {
    key: 'bridge',
    flag: 'bridge',
    short: 'b',
    kind: text('NAME', 'a link name of at most 15 characters, not "none"', /^(?!none$)[a-zA-Z][\w.-]{0,14}$/),
    summary: "Name of the default bridge's link",
  },
  bridgeSubnet: {
    key: 'bip',
    flag: 'bip',
    kind: optional(cidr(4)),
    summary: 'Address and subnet of the default bridge (first free of the pools)',
  },
  bridgeSubnet6: { key: 'bip6', flag: 'bip6', kind: optional(cidr(6)), summary: 'The same for IPv6' },
  fixedCidr: {
    key: 'fixed-cidr',
    flag: 'fixed-cidr',
    kind: optional(cidr(4)),
    summary: 'Part of that subnet that containers get addresses of',
  },
  fixedCidr6: {
    key: 'fixed-cidr-v6',
    flag: 'fixed-cidr-v6',
    kind: optional(cidr(6)),
    summary: 'The same for IPv6',
  },
  defaultGateway: {
    key: 'default-gateway',
    flag: 'default-gateway',
    kind: optional(ipAddress(4)),
    summary: 'Gateway of containers on the default bridge (the bridge)',
  },
  defaultGateway6: {
    key: 'default-gateway-v6',
    flag: 'default-gateway-v6',
    kind: optional(ipAddress(6)),
    summary: 'The same for IPv6',
  },
  icc: {
    key: 'icc',
    flag: 'icc',
    kind: onOff,
    summary: 'Let containers on the default bridge reach each other',
  },
  ipMasq: {
    key: 'ip-masq',
    flag: 'ip-masq',
    kind: onOff,
    summary: "Give traffic of containers the host's address",
  },
  ipForward: {
    key: 'ip-forward',
    flag: 'ip-forward',
    kind: onOff,
    summary: "Switch on the kernel's IP forwarding",
  },
  ipv6: { key: 'ipv6', flag: 'ipv6', kind: onOff, summary: 'IPv6 on the default bridge' },
  mtu: {
    key: 'mtu',
    flag: 'mtu',
    kind: wholeNumber(0, ' of bytes'),
    summary: 'MTU of the default bridge, 0: as the default route',
  },
  publishAddress: {
    key: 'ip',
    flag: 'ip',
    kind: ipAddress(4),
    summary: "Host address of the default bridge's ports that are published when none is named",
  },
  userlandProxy: {
    key: 'userland-proxy',
    flag: 'userland-proxy',
    kind: onOff,
    summary: 'Publish IPv6 ports of containers without IPv6, which needs helper programs',
  },
  addressPools: {
    key: 'default-address-pools',
    flag: 'default-address-pool',
    aliases: ['address-pool'],
    kind: addressPools,
    summary: 'Private range for networks',
  },
  defaultNetworkOpts: {
    key: 'default-network-opts',
    flag: 'default-network-opt',
    kind: networkOptions,
    summary: 'Option of new networks of a driver',
  },
  hostGatewayIps: {
    key: 'host-gateway-ips',
    flag: 'host-gateway-ip',
    kind: listOf({ placeholder: 'IP', items: 'IP addresses', check: (ip) => isIP(ip) > 0 }),
    summary: 'What host-gateway in --add-host stands for (the bridge)',
  },
  dns: {
    key: 'dns',
    flag: 'dns',
    kind: listOf({ placeholder: 'IP', items: 'IP addresses', check: (ip) => isIP(ip) > 0 }),
    summary: 'DNS server of containers',
  },
  dnsSearch: {
    key: 'dns-search',
    flag: 'dns-search',
    kind: listOf({ placeholder: 'DOMAIN', items: 'domain names', check: (name) => domain.test(name) }),
    summary: 'DNS search domain of containers',
  },
  dnsOptions: {
    key: 'dns-opts',
    flag: 'dns-opt',
    kind: listOf({ placeholder: 'OPTION', items: 'options of resolv.conf', check: (option) => /^\S+$/.test(option) }),
    summary: 'DNS option of containers',
  },
  clusterStore: {
    key: 'cluster-store',
    flag: 'cluster-store',
    kind: optional(
      text('URL', 'etcd://HOST:PORT[,HOST:PORT…][/PATH], or the same with https', /^(etcd|https?):\/\/\S+$/),
    ),
    summary: 'Where engines of several hosts agree on overlay networks',
  },
  clusterStoreOpts: {
    key: 'cluster-store-opts',
    flag: 'cluster-store-opt',
    kind: pairsOf('kv.path', 'kv.cacertfile', 'kv.certfile', 'kv.keyfile'),
    summary: 'Option of cluster-store: kv.path, and for TLS the files kv.cacertfile, kv.certfile, kv.keyfile',
  },
  clusterAdvertise: {
    key: 'cluster-advertise',
    flag: 'cluster-advertise',
    kind: text('ADDRESS', 'an IPv4 address or the name of a link', /^[\w.:-]*$/),
    summary: 'Address or link that the other hosts reach this one by (the default route); with cluster-store',
  },
  overlayPort: {
    key: 'overlay-port',
    flag: 'overlay-port',
    kind: wholeNumber(1, ' of a UDP port', 65535),
    summary: 'UDP port of the tunnels between hosts; with cluster-store',
  },
  nftTable: {
    key: 'nft-table',
    flag: 'nft-table',
    kind: text('NAME', 'a name of letters, digits and underscores', /^[a-zA-Z][a-zA-Z0-9_]{0,30}$/),
    summary: 'Name of the nftables table',
  },
} satisfies Settings;
