/** What the rules need to know of one bridge network. */
export interface BridgeRules {
  /** Link name. */
  bridge: string;
  /** CIDR notation. */
  subnet: string;
  /** No way in or out but inside the network itself. */
  internal: boolean;
  /** Containers of the network reach each other. */
  interContainer: boolean;
  masquerade: boolean;
}

/**
 * The engine's whole table as one nft transaction that may be run at any time: chains are written anew, the sets of
 * networks too, and the maps of published ports keep their elements. No packet ever meets half a ruleset.
 *
 * Every chain accepts by policy, because other tables (Docker's, ufw's) have their say about foreign traffic.
 * A later change of a map's type needs a new map name, for the kernel refuses it.
 */
export function rulesetText(table: string, networks: readonly BridgeRules[]): string {
  const flush = [
    ...CHAINS.map((chain) => `flush chain inet ${table} ${chain}`),
    ...NETWORK_SETS.map((set) => `flush set inet ${table} ${set}`),
  ];
  return [
    `table inet ${table} {\n${DECLARATIONS}}`,
    ...flush,
    `table inet ${table} {\n${RULES}}`,
    ...networkElements(table, networks),
    '',
  ].join('\n');
}

function networkElements(table: string, networks: readonly BridgeRules[]): string[] {
  const add = (set: string, elements: string[]) =>
    elements.length > 0 ? [`add element inet ${table} ${set} { ${elements.join(', ')} }`] : [];
  const link = (network: BridgeRules) => `"${network.bridge}"`;
  return [
    ...add('bridges', networks.map(link)),
    ...add('internal', networks.filter((network) => network.internal).map(link)),
    ...add(
      'masq4',
      networks.filter((network) => network.masquerade && !network.internal).map((network) => network.subnet),
    ),
    ...add(
      'pairs',
      networks.filter((network) => network.interContainer).map((network) => `${link(network)} . ${link(network)}`),
    ),
    ...add(
      'own4',
      networks.map((network) => `${link(network)} . ${network.subnet}`),
    ),
  ];
}

const NETWORK_SETS = ['bridges', 'internal', 'masq4', 'masq6', 'pairs', 'own4', 'own6'];
const CHAINS = ['raw_pre', 'publish', 'prerouting', 'output', 'postrouting', 'forward'];

const DECLARATIONS = `
  set bridges  { type ifname; }
  set internal { type ifname; }
  set masq4    { type ipv4_addr; flags interval; }
  set masq6    { type ipv6_addr; flags interval; }
  set pairs    { type ifname . ifname; }
  set own4     { type ifname . ipv4_addr; flags interval; }
  set own6     { type ifname . ipv6_addr; flags interval; }
  map pub4     { type inet_proto . inet_service : ipv4_addr . inet_service; }
  map pub4a    { type ipv4_addr . inet_proto . inet_service : ipv4_addr . inet_service; }
  map pub6     { type inet_proto . inet_service : ipv6_addr . inet_service; }
  map pub6a    { type ipv6_addr . inet_proto . inet_service : ipv6_addr . inet_service; }
  chain raw_pre { type filter hook prerouting priority raw; policy accept; }
  chain publish { }
  chain prerouting { type nat hook prerouting priority dstnat - 5; policy accept; }
  chain output { type nat hook output priority -105; policy accept; }
  chain postrouting { type nat hook postrouting priority srcnat - 5; policy accept; }
  chain forward { type filter hook forward priority filter - 5; policy accept; }
`;

// route_localnet on our bridges lets replies to 127.0.0.1 pass; raw_pre closes the hole that this opens.
// In postrouting of bridged traffic iifname is empty, so networks are told apart by outgoing link and source address.
const RULES = `
  chain raw_pre {
    iifname @bridges ip daddr 127.0.0.0/8 drop
  }
  chain publish {
    meta nfproto ipv4 dnat ip to ip daddr . meta l4proto . th dport map @pub4a
    meta nfproto ipv4 dnat ip to meta l4proto . th dport map @pub4
    ip6 daddr ::1 return
    meta nfproto ipv6 dnat ip6 to ip6 daddr . meta l4proto . th dport map @pub6a
    meta nfproto ipv6 dnat ip6 to meta l4proto . th dport map @pub6
  }
  chain prerouting { meta l4proto { tcp, udp, sctp } fib daddr type local jump publish; }
  chain output { meta l4proto { tcp, udp, sctp } fib daddr type local jump publish; }
  chain postrouting {
    ct status dnat oifname @bridges ip saddr 127.0.0.0/8 masquerade
    ct status dnat oifname . ip saddr @own4 masquerade
    ct status dnat oifname . ip6 saddr @own6 masquerade
    oifname . ip saddr @own4 accept
    oifname . ip6 saddr @own6 accept
    ip saddr @masq4 masquerade
    ip6 saddr @masq6 masquerade
  }
  chain forward {
    iifname != @bridges oifname != @bridges accept
    ct state established,related accept
    ct state invalid drop
    iifname @internal ct status dnat drop
    ct status dnat accept
    iifname . oifname @pairs accept
    iifname @bridges oifname @bridges drop
    iifname @internal drop
    oifname @bridges drop
    accept
  }
`;
