/** What the rules need to know of one bridge network. */
export interface BridgeRules {
  /** Link name. */
  bridge: string;
  /** CIDR notation. */
  subnets4: readonly string[];
  subnets6: readonly string[];
  /** No way in or out but inside the network itself. */
  internal: boolean;
  /** Containers of the network reach each other. */
  interContainer: boolean;
  /** Traffic that leaves carries the host's address. */
  masquerade4: boolean;
  masquerade6: boolean;
  /** All ports of its containers are open to whoever can route to them. */
  open4: boolean;
  open6: boolean;
}

/**
 * The engine's whole table as one nft transaction that may be run at any time: chains are written anew, the sets of
 * networks too, and the maps of published ports keep their elements. No packet ever meets half a ruleset.
 *
 * Every chain accepts by policy, because other tables (Docker's, ufw's) have their say about foreign traffic.
 * A later change of a map's type needs a new map name, for the kernel refuses it.
 */
export function rulesetText(table: string, networks: readonly BridgeRules[], tunnel?: TunnelRules): string {
  const flush = [
    ...CHAINS.map((chain) => `flush chain inet ${table} ${chain}`),
    ...NETWORK_SETS.map((set) => `flush set inet ${table} ${set}`),
  ];
  return [
    `table inet ${table} {\n${DECLARATIONS}}`,
    ...flush,
    `table inet ${table} {\n${RULES}}`,
    ...networkElements(table, networks),
    ...(tunnel ? tunnelRules(table, tunnel) : []),
    '',
  ].join('\n');
}

/** Who may send frames of networks over several hosts to this one. */
export interface TunnelRules {
  /** UDP port of the tunnels. */
  port: number;
  /** IPv4 addresses of the other hosts. */
  hosts: readonly string[];
}

/** Commands that let these hosts in, and no others that were let in before. */
export function tunnelHosts(table: string, hosts: readonly string[]): string[] {
  const add = hosts.length === 0 ? [] : [`add element inet ${table} vteps { ${hosts.join(', ')} }`];
  return [`flush set inet ${table} vteps`, ...add];
}

function tunnelRules(table: string, { port, hosts }: TunnelRules): string[] {
  return [`add rule inet ${table} raw_pre udp dport ${port} ip saddr != @vteps drop`, ...tunnelHosts(table, hosts)];
}

/** Commands that add networks to the sets, or take them out of these. */
export function networkElements(
  table: string,
  networks: readonly BridgeRules[],
  verb: 'add' | 'delete' = 'add',
): string[] {
  const change = (set: string, elements: string[]) =>
    elements.length > 0 ? [`${verb} element inet ${table} ${set} { ${elements.join(', ')} }`] : [];
  const link = (network: BridgeRules) => `"${network.bridge}"`;
  const links = (fits: (network: BridgeRules) => boolean) => networks.filter(fits).map(link);
  const subnets = (family: 'subnets4' | 'subnets6', fits: (network: BridgeRules) => boolean) =>
    networks.filter((network) => fits(network) && !network.internal).flatMap((network) => network[family]);
  const own = (family: 'subnets4' | 'subnets6') =>
    networks.flatMap((network) => network[family].map((subnet) => `${link(network)} . ${subnet}`));
  return [
    ...change('bridges', networks.map(link)),
    ...change(
      'internal',
      links((network) => network.internal),
    ),
    ...change(
      'masq4',
      subnets('subnets4', (network) => network.masquerade4),
    ),
    ...change(
      'masq6',
      subnets('subnets6', (network) => network.masquerade6),
    ),
    ...change(
      'pairs',
      networks.filter((network) => network.interContainer).map((network) => `${link(network)} . ${link(network)}`),
    ),
    ...change('own4', own('subnets4')),
    ...change('own6', own('subnets6')),
    ...change(
      'bare4',
      links((network) => network.open4),
    ),
    ...change(
      'bare6',
      links((network) => network.open6),
    ),
  ];
}

const NETWORK_SETS = ['bridges', 'internal', 'masq4', 'masq6', 'pairs', 'own4', 'own6', 'bare4', 'bare6'];
const CHAINS = ['raw_pre', 'publish', 'prerouting', 'output', 'postrouting', 'forward'];

const DECLARATIONS = `
  set bridges  { type ifname; }
  set internal { type ifname; }
  set masq4    { type ipv4_addr; flags interval; }
  set masq6    { type ipv6_addr; flags interval; }
  set pairs    { type ifname . ifname; }
  set own4     { type ifname . ipv4_addr; flags interval; }
  set own6     { type ifname . ipv6_addr; flags interval; }
  set bare4    { type ifname; }
  set bare6    { type ifname; }
  set open4    { type ipv4_addr . inet_proto . inet_service; }
  set open6    { type ipv6_addr . inet_proto . inet_service; }
  set vteps    { type ipv4_addr; }
  set linked4  { type ipv4_addr . ipv4_addr . inet_proto . inet_service; }
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

// `open`: published ports of networks without address translation; `bare`: networks whose ports are all open; `linked4`:
// links between containers that otherwise do not reach each other. [::1] and link-local clients are left to the proxies.
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
    ip6 saddr fe80::/10 return
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
    ip saddr . ip daddr . meta l4proto . th dport @linked4 accept
    iifname @internal drop
    oifname @internal drop
    ip daddr . meta l4proto . th dport @open4 accept
    ip6 daddr . meta l4proto . th dport @open6 accept
    iifname @bridges oifname @bridges drop
    meta nfproto ipv4 oifname @bare4 accept
    meta nfproto ipv6 oifname @bare6 accept
    oifname @bridges drop
    accept
  }
`;
