import type { ProxyWish } from './ports/socat.ts';
import type { NetworksState } from './state.ts';

/** Starts a proxy again that was killed by somebody else, as long as its container has its network. */
export function restoreProxy(state: NetworksState, wish: ProxyWish): void {
  state.log.warn('the proxy of a published IPv6 port ended; starting another', {
    container: wish.containerId,
    port: wish.port.hostPort,
  });
  // The pause bounds what a proxy costs that ends again and again.
  setTimeout(() => {
    if (!state.kernel || !state.attached.has(wish.containerId)) return;
    state.kernel.proxies.start(wish).catch((error: unknown) => {
      state.log.error('a published IPv6 port could not be restored', {
        container: wish.containerId,
        port: wish.port.hostPort,
        error,
      });
    });
  }, PAUSE_MILLISECONDS).unref();
}

const PAUSE_MILLISECONDS = 100;
