import { errnoOf } from '@berth/kit';
import { inNamespace } from '../../linux/netns.ts';
import { deleteLink, Rtnetlink } from '../../linux/rtnetlink.ts';
import type { Endpoint } from '../model.ts';
import { interfaceOf } from './gateway.ts';

/**
 * Cuts an endpoint off. A container may rename what it has (NET_ADMIN), thus not by the name inside: a veth pair goes by
 * its end on the host, another link by its number. The name is for endpoints of engines that recorded neither.
 */
export async function disconnectLink(namespacePath: string, endpoint: Endpoint): Promise<void> {
  const { hostLink, linkIndex } = endpoint;
  if (hostLink !== undefined) await removeLink(new Rtnetlink(), hostLink);
  else
    await removeLink(
      inNamespace(namespacePath, () => new Rtnetlink()),
      linkIndex ?? interfaceOf(endpoint),
    );
}

/**
 * Deletes a link on a pool thread: the kernel waits tens of ms for a grace period. One that is gone already is no error:
 * somebody else removed it, or it never came about. `route` is closed, for nothing else may be asked of it meanwhile.
 */
export async function removeLink(route: Rtnetlink, link: string | number): Promise<void> {
  try {
    await route.runInBackground(deleteLink(link));
  } catch (error) {
    if (errnoOf(error) !== 'ENODEV') throw error;
  } finally {
    route.close();
  }
}
