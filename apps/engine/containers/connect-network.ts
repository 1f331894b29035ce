import type { EndpointWish } from '@berth/contract';
import { BerthError } from '@berth/kit';
import type { NetworkName, NetworkUsers } from '../networks/model.ts';
import { type Context, pathsOf } from './context.ts';
import type { ContainerRecord, ContainerSpec } from './model.ts';
import { endpointRequest, wishedNetworks } from './run/endpoint-requests.ts';
import { updateNetworkFiles } from './run/network-files.ts';
import { withEngineDefaults } from './spec/engine-defaults.ts';

/** What networks ask of containers (see NetworkUsers). */
export function networkUsers(context: Context): NetworkUsers {
  return {
    containersOf: (network) => containersOf(context, network),
    connect: (container, network, wish) => connect(context, container, network, wish),
    disconnect: (container, network, { force }) => disconnect(context, container, network, force),
  };
}

function containersOf(context: Context, network: { id: string; name: string }): string[] {
  return [...context.store.all()]
    .filter(({ spec }) => wishedNetworks(spec).some(([name]) => name === network.name || isId(name, network.id)))
    .map(({ name }) => name);
}

async function connect(context: Context, name: string, find: () => NetworkName, wish: EndpointWish): Promise<void> {
  const { id } = context.store.resolve(name);
  await context.lock.run(id, async () => {
    const record = present(context, id, name);
    const network = find();
    checkJoinable(record, network);
    const already = wishedNetworks(record.spec).some(([one]) => one === network.name || isId(one, network.id));
    if (!isUp(record)) {
      if (already) throw alreadyThere(record.name, network.name);
      return void context.store.save({ ...record, spec: chosen(record.spec, network, wish) });
    }
    const { sandbox } = record;
    if (!sandbox) throw notOwn();
    const { spec } = withEngineDefaults(context.config, record);
    const attached = await context.networks.attach({
      containerId: id,
      containerName: record.name,
      sandbox,
      endpoint: endpointRequest(record, network.id, wish),
      dns: spec.hostConfig.Dns,
    });
    updateNetworkFiles(pathsOf(context.config, id), spec, sandbox, attached);
    context.store.save({ ...record, spec: chosen(record.spec, network, wish), sandbox: attached });
  });
}

async function disconnect(context: Context, name: string, find: () => NetworkName, force: boolean): Promise<void> {
  const { id } = context.store.resolve(name);
  await context.lock.run(id, async () => {
    const record = present(context, id, name);
    const network = find();
    if (record.spec.hostConfig.NetworkMode === 'host' || network.driver === 'host') {
      throw new BerthError(
        'invalid',
        'container cannot be disconnected from host network or connected to host network',
      );
    }
    const spec = withoutNetwork(record.spec, network);
    const { sandbox } = record;
    if (isUp(record) && sandbox) {
      const detached = await context.networks.detach(id, sandbox, network.id);
      const full = withEngineDefaults(context.config, record).spec;
      updateNetworkFiles(pathsOf(context.config, id), full, sandbox, detached);
      context.store.save({ ...record, spec: spec ?? record.spec, sandbox: detached });
      return;
    }
    if (spec) context.store.save({ ...record, spec });
    else if (!force)
      throw new BerthError('conflict', `container ${id} is not connected to the network ${network.name}`);
  });
}

function checkJoinable(record: ContainerRecord, network: NetworkName): void {
  const mode = record.spec.hostConfig.NetworkMode;
  if (record.state.status === 'removing' || record.state.status === 'dead') {
    throw new BerthError('conflict', 'container is marked for removal and cannot be connected to a network');
  }
  if (mode.startsWith('container:')) throw notOwn();
  if (network.driver === 'host' && mode !== 'host') {
    throw new BerthError(
      'invalid',
      'cannot connect container to host network - container must be created in host network mode',
    );
  }
  if (mode === 'host') throw notOwn();
  if (network.name === 'none' || wishedNetworks(record.spec).some(([name]) => name === 'none')) {
    throw new BerthError(
      'invalid',
      'container cannot be connected to multiple networks with one of the networks in private (none) mode',
    );
  }
}

/** The wishes with one network more; from now on they are all that there is. */
function chosen(spec: ContainerSpec, network: NetworkName, wish: EndpointWish): ContainerSpec {
  return {
    ...spec,
    endpoints: { ...Object.fromEntries(wishedNetworks(spec)), [network.name]: wish },
    networksChosen: true,
  };
}

/** The wishes without a network; undefined when it is not among them. */
function withoutNetwork(spec: ContainerSpec, network: NetworkName): ContainerSpec | undefined {
  const wished = wishedNetworks(spec);
  const kept = wished.filter(([name]) => name !== network.name && !isId(name, network.id));
  if (kept.length === wished.length) return undefined;
  return { ...spec, endpoints: Object.fromEntries(kept), networksChosen: true };
}

function present(context: Context, id: string, name: string): ContainerRecord {
  const record = context.store.get(id);
  if (!record) throw new BerthError('not-found', `No such container: ${name}`);
  return record;
}

function isUp({ state }: ContainerRecord): boolean {
  return state.status === 'running' || state.status === 'paused';
}

/** Networks may be wished for by the beginning of their id, as long as it is not a short word. */
function isId(text: string, id: string): boolean {
  return text.length >= 12 && id.startsWith(text);
}

function alreadyThere(container: string, network: string): BerthError {
  return new BerthError('forbidden', `endpoint with name ${container} already exists in network ${network}`);
}

function notOwn(): BerthError {
  return new BerthError(
    'invalid',
    'container sharing network namespace with another container or host cannot be connected to any other network',
  );
}
