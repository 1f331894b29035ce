import { encode } from 'dns-packet';
import { expect, test } from 'vitest';
import { Outside } from './outside.ts';
import type { NamedSandbox } from './protocol.ts';
import { HostServers } from './servers.ts';

class Unreachable extends HostServers {
  override now(): string[] {
    return ['255.255.255.255']; // the kernel refuses to connect to it, as to what it has no route to
  }
}

test('a server that cannot be reached is one without a reply, and the next query is asked again', async () => {
  const outside = new Outside(new Unreachable());
  const sandbox: NamedSandbox = {
    ...{ id: 'a', namespacePath: '', udpPort: 0, tcpPort: 0, dns: [], outside: true, networks: [] },
  };
  const query = encode({ type: 'query', id: 1, questions: [{ type: 'A', name: 'some.example' }] });
  const before = performance.now();
  for (const protocol of ['udp', 'tcp', 'udp'] as const)
    expect(await outside.ask(sandbox, query, protocol)).toBeUndefined();
  expect(performance.now() - before).toBeLessThan(3000);
});
