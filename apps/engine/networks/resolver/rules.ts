import { inNamespace } from '../../linux/netns.ts';
import { Nftables } from '../../linux/nftables.ts';

/** Makes port 53 of 127.0.0.11 inside a container's network lead to where the resolver listens. Idempotent. */
export function leadToResolver(namespacePath: string, ports: { udpPort: number; tcpPort: number }): void {
  inNamespace(namespacePath, () => {
    const nft = new Nftables();
    try {
      nft.run(`table ip ${TABLE} {
  chain output { type nat hook output priority -100; policy accept; }
}
flush chain ip ${TABLE} output
table ip ${TABLE} {
  chain output {
    ip daddr 127.0.0.11 udp dport 53 dnat to 127.0.0.11:${ports.udpPort}
    ip daddr 127.0.0.11 tcp dport 53 dnat to 127.0.0.11:${ports.tcpPort}
  }
}
`);
    } finally {
      nft.close();
    }
  });
}

const TABLE = 'berth_names';
