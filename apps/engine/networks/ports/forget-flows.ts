import type { Logger } from '@berth/kit';
import { forgetFlows } from '../../linux/nfnetlink-conntrack.ts';
import type { PublishedPort } from '../model.ts';
import { PROTOCOLS } from './port-elements.ts';
import { isProxied } from './reserve.ts';

/**
 * Makes clients that already send to published UDP ports notice that these lead elsewhere now: to be called after the
 * rules have changed. Connections of TCP and SCTP begin with a handshake and need no help.
 */
export function forgetFlowsOf(ports: readonly PublishedPort[], log: Logger): void {
  for (const port of ports) {
    if (port.protocol !== 'udp' || isProxied(port)) continue;
    try {
      forgetFlows(PROTOCOLS.udp, port.hostPort);
    } catch (error) {
      // Flows end by themselves some time after their last packet.
      log.warn('cannot forget flows of a published port; present clients may be cut off', {
        port: port.hostPort,
        error,
      });
    }
  }
}
