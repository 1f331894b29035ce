import { watchRulesets } from '../linux/nfnetlink-monitor.ts';
import { allowForwarding, withdrawForwarding } from './bridge/forward-policy.ts';
import { type BridgeRules, networkElements, rulesetText, tunnelHosts } from './bridge/ruleset.ts';
import { formatSubnet } from './ip-address.ts';
import type { ClusterView } from './overlay/apply.ts';
import { reconcileElements } from './ports/reconcile-elements.ts';
import { bridgesOf, kernelOf, type LiveNetwork, type NetworksState } from './state.ts';

/** Writes the engine's table, and accept rules where other tables drop forwarded traffic. Idempotent. */
export function setRules(state: NetworksState): void {
  const kernel = kernelOf(state);
  const tunnel = state.overlay && { port: state.config.overlayPort, hosts: tunnelHostsOf(state.overlay.view) };
  kernel.nft.run(rulesetText(state.config.nftTable, [...kernel.live.values()].flatMap(rulesOf), tunnel));
  passOthers(state);
}

/** Lets the hosts of a cluster in that have containers in one of its networks. */
export function setTunnelHosts(state: NetworksState): void {
  if (state.overlay) run(state, tunnelHosts(state.config.nftTable, tunnelHostsOf(state.overlay.view)));
}

function tunnelHostsOf({ endpoints }: ClusterView): string[] {
  return [...new Set([...endpoints.values()].map(({ vtep }) => vtep))];
}

/** Adds one network's elements. */
export function addRules(state: NetworksState, live: LiveNetwork): void {
  run(state, networkElements(state.config.nftTable, rulesOf(live)));
  passOthers(state);
}

/** Takes the elements of a network that ends. Somebody may have flushed them: then there is nothing to take. */
export function removeRules(state: NetworksState, live: LiveNetwork): void {
  const rules = rulesOf(live);
  if (rules.length === 0) return;
  try {
    run(state, networkElements(state.config.nftTable, rules, 'delete'));
  } catch (error) {
    state.log.debug('the rules of a network were not as expected; writing all anew', { error });
    setRules(state);
  }
  withdrawForwarding(kernelOf(state).nft, { table: state.config.nftTable, bridges: rules.map(({ bridge }) => bridge) });
}

function run(state: NetworksState, commands: readonly string[]): void {
  if (commands.length > 0) kernelOf(state).nft.run(`${commands.join('\n')}\n`);
}

/** Not worth failing for: containers then have no way out, and the log says why. */
function passOthers(state: NetworksState): void {
  const kernel = kernelOf(state);
  try {
    const own = { table: state.config.nftTable, bridges: bridgesOf(kernel).map((bridge) => bridge.name) };
    allowForwarding(kernel.nft, own, state.log);
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

/** None for networks without a bridge. */
function rulesOf({ network, pools, link }: LiveNetwork): BridgeRules[] {
  if (link.kind !== 'bridge') return [];
  const { options, name } = link;
  const subnets = (family: 4 | 6) =>
    pools.flatMap(({ subnet }) => (subnet.family === family ? [formatSubnet(subnet)] : []));
  const translated = (mode: string) => options.masquerade && mode.startsWith('nat');
  return [
    {
      bridge: name,
      subnets4: subnets(4),
      subnets6: subnets(6),
      internal: network.spec.internal,
      interContainer: options.interContainer,
      masquerade4: translated(options.mode4),
      masquerade6: translated(options.mode6),
      open4: options.mode4 === 'nat-unprotected',
      open6: options.mode6 === 'nat-unprotected',
    },
  ];
}
