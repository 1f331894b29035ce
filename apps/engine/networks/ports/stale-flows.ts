import type { Logger } from '@berth/kit';
import { forgetFlows } from '../../linux/nfnetlink-conntrack.ts';
import type { PublishedPort } from '../model.ts';
import { PROTOCOLS } from './port-elements.ts';
import { isProxied } from './reserve.ts';

/**
 * Makes clients that already send to published UDP ports notice that these lead elsewhere now. Connections of TCP and
 * SCTP begin with a handshake and need no help. The kernel's search takes ten milliseconds whatever it finds, so it
 * happens a little later, once for all ports that changed meanwhile, and nobody waits for it.
 */
export class StaleFlows {
  readonly #log: Logger;
  readonly #ports = new Set<number>();
  #timer: NodeJS.Timeout | undefined;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** To be called after the rules of these ports have changed. */
  forget(ports: readonly PublishedPort[]): void {
    for (const port of ports) if (port.protocol === 'udp' && !isProxied(port)) this.#ports.add(port.hostPort);
    if (this.#ports.size > 0) this.#timer ??= setTimeout(() => this.#run(), GATHER_MILLISECONDS).unref();
  }

  close(): void {
    clearTimeout(this.#timer);
  }

  #run(): void {
    const ports = new Set(this.#ports);
    this.#ports.clear();
    this.#timer = undefined;
    forgetFlows(PROTOCOLS.udp, ports).catch((error: unknown) => {
      // Flows end by themselves some time after their last packet.
      this.#log.warn('cannot forget flows of published ports; present clients may be cut off', { error });
    });
  }
}

const GATHER_MILLISECONDS = 100;
