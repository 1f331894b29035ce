import { watchRulesets } from '../linux/nfnetlink-monitor.ts';
import { allowForwarding } from './bridge/forward-policy.ts';
import { type BridgeRules, rulesetText } from './bridge/ruleset.ts';
import { formatSubnet, subnetOf } from './ip-address.ts';
import { reconcileElements } from './ports/reconcile-elements.ts';
import { type Bridge, kernelOf, type NetworksState } from './state.ts';

/** Writes the engine's table, and accept rules where other tables drop forwarded traffic. Idempotent. */
export function setRules(state: NetworksState): void {
  const { nft, bridges } = kernelOf(state);
  nft.run(rulesetText(state.config.nftTable, [...bridges.values()].map(rulesOf)));
  passOthers(state);
}

/** Not worth failing for: containers then have no way out, and the log says why. */
function passOthers(state: NetworksState): void {
  const { nft, bridges } = kernelOf(state);
  try {
    const own = { table: state.config.nftTable, bridges: [...bridges.values()].map((bridge) => bridge.name) };
    allowForwarding(nft, own, state.log);
  } catch (error) {
    state.log.warn('cannot see to the forwarding rules of other programs', { error });
  }
}

/**
 * Restores the rules within milliseconds when somebody removes them: `nft flush ruleset` and firewall reloads are
 * common, and without the rules published ports die and containers reach loopback services of the host. Docker, too,
 * sets its FORWARD chain up anew whenever it starts.
 */
export function guardRules(state: NetworksState): { close(): void } {
  const { nft } = kernelOf(state);
  const structure = () => nft.structure(`list table inet ${state.config.nftTable}`);
  const right = structure();
  let timer: NodeJS.Timeout | undefined;
  const look = () => {
    timer = undefined;
    try {
      if (orNothing(structure) !== right) {
        setRules(state);
        reconcileElements(state);
        state.log.warn('restored network rules that another program removed', { table: state.config.nftTable });
      } else {
        passOthers(state);
      }
    } catch (error) {
      state.log.error('cannot restore network rules', { table: state.config.nftTable, error });
    }
  };
  const watch = watchRulesets((tables) => {
    // A moment's delay gathers the many messages of one reload, and bounds what two programs at odds can cost.
    if (tables.size === 0 || tables.has(state.config.nftTable) || tables.has('filter'))
      timer ??= setTimeout(look, GATHER_MILLISECONDS).unref();
  });
  return {
    close() {
      clearTimeout(timer);
      watch.close();
    },
  };
}

const GATHER_MILLISECONDS = 10;

function orNothing(read: () => string): string {
  try {
    return read();
  } catch {
    return ''; // the table is gone
  }
}

function rulesOf(bridge: Bridge): BridgeRules {
  return {
    bridge: bridge.name,
    subnet: formatSubnet(subnetOf(bridge.gateway, bridge.prefixLength)),
    internal: false,
    interContainer: true,
    masquerade: true,
  };
}
