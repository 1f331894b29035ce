import { writeFileSync } from 'node:fs';
import { errnoOf, type Scope } from '@berth/kit';
import { createNamespace, inNamespace, removeNamespace } from '../../linux/netns.ts';
import { Rtnetlink, setUp } from '../../linux/rtnetlink.ts';
import { createOwnedNamespace } from '../../linux/user-namespace.ts';

/**
 * A namespace with its loopback up and IPv6 only there; gives rtnetlink inside it, which keeps it alive until it is
 * closed. `userNamespace`: file of the one that it is to belong to; undefined: the host's.
 */
export async function makeNamespace(scope: Scope, path: string, userNamespace: string | undefined): Promise<Rtnetlink> {
  removeNamespace(path); // an attempt that failed to clear up must not stop this one
  const prepare = () => {
    disableIpv6();
    return new Rtnetlink();
  };
  let inside: Rtnetlink;
  if (userNamespace === undefined) inside = createNamespace(path, prepare);
  else {
    await createOwnedNamespace(path, userNamespace);
    inside = inNamespace(path, prepare);
  }
  scope.add('namespace', () => removeNamespace(path));
  inside.run(setUp('lo'));
  return inside;
}

/** Links that come into the namespace have no IPv6 from the start; those of networks that have it get it by themselves. */
function disableIpv6(): void {
  try {
    for (const [link, value] of [
      ['all', '1'],
      ['default', '1'],
      ['lo', '0'],
    ]) {
      writeFileSync(`/proc/sys/net/ipv6/conf/${link}/disable_ipv6`, value!);
    }
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') throw error; // a kernel without IPv6
  }
}
