/** Counters of one network link, as /proc/PID/net/dev has them (proc_pid_net(5)). */
export interface LinkCounters {
  rxBytes: number;
  rxPackets: number;
  rxErrors: number;
  rxDropped: number;
  txBytes: number;
  txPackets: number;
  txErrors: number;
  txDropped: number;
}

/** Links that the kernel puts into every network namespace by itself. */
const BUILT_IN = /^(lo|tunl0|sit0|ip6tnl0|ip6gre0|gre0|gretap0|erspan0|ip_vti0|ip6_vti0)$/;

/** By name of the link, without loopback and the kernel's own tunnels. */
export function parseNetDev(text: string): Record<string, LinkCounters> {
  const links: Record<string, LinkCounters> = {};
  for (const [, name, numbers] of text.matchAll(/^\s*([^\s:]+):(.*)$/gm)) {
    if (name === undefined || numbers === undefined || BUILT_IN.test(name)) continue;
    const at = numbers.trim().split(/\s+/).map(Number);
    links[name] = {
      rxBytes: at[0] ?? 0,
      rxPackets: at[1] ?? 0,
      rxErrors: at[2] ?? 0,
      rxDropped: at[3] ?? 0,
      txBytes: at[8] ?? 0,
      txPackets: at[9] ?? 0,
      txErrors: at[10] ?? 0,
      txDropped: at[11] ?? 0,
    };
  }
  return links;
}
