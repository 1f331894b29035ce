import type { ContainerConfig } from '@berth/contract';
import { BerthError, isBerthError, type Scope } from '@berth/kit';
import type { Sandbox } from '../../networks/model.ts';
import { type ContainerPaths, type Context, pathsOf } from '../context.ts';
import type { ContainerRecord } from '../model.ts';
import { parsePorts } from '../parse/parse-ports.ts';
import { needsNetworking, requestNetworking } from './endpoint-requests.ts';
import { type LinkedContainer, linkedContainers, linkVariables, refreshLinks } from './links.ts';
import { writeNetworkFiles } from './network-files.ts';

export interface OpenedNetwork {
  sandbox: Sandbox;
  /** Where the files for /etc are: another container's when its network is joined. */
  paths: ContainerPaths;
  /** With what the network adds: variables of links, the name of the container that is joined. */
  config: ContainerConfig;
}

/**
 * Makes the network of a container that starts, with its files for /etc; `undo` takes it back.
 * Errors: those of SandboxProvider.open, not-found and conflict where another container is joined or linked.
 */
export async function openNetwork(
  context: Context,
  record: ContainerRecord,
  userNamespace: string | undefined,
  undo: Scope,
): Promise<OpenedNetwork> {
  const { id, spec } = record;
  const paths = pathsOf(context.config, id);
  const { NetworkMode } = spec.hostConfig;
  if (NetworkMode.startsWith('container:')) return joinNetwork(context, record, NetworkMode.slice('container:'.length));
  const linked = linkedContainers(context, record);
  const sandbox = await open(context, record, userNamespace, linked);
  undo.add('close the network', () => context.networks.close(id, sandbox));
  writeNetworkFiles(paths, spec, sandbox, context.hostGateway(), linked);
  const onBridge = sandbox.endpoints.find(({ networkName }) => networkName === 'bridge');
  if (onBridge) refreshLinks(context, record, onBridge.ipAddress);
  if (linked.length === 0) return { sandbox, paths, config: spec.config };
  const Env = [...linkVariables(record.name, linked), ...spec.config.Env];
  return { sandbox, paths, config: { ...spec.config, Env } };
}

async function open(
  context: Context,
  record: ContainerRecord,
  userNamespace: string | undefined,
  linked: readonly LinkedContainer[],
): Promise<Sandbox> {
  const { id, spec } = record;
  try {
    return await context.networks.open({
      containerId: id,
      containerName: record.name,
      mode: spec.config.NetworkDisabled ? 'none' : spec.hostConfig.NetworkMode,
      userNamespace,
      ports: parsePorts(spec.hostConfig, spec.config.ExposedPorts),
      macAddress: spec.config.MacAddress || spec.endpoints['bridge']?.MacAddress || undefined,
      ...(needsNetworking(spec, linked) ? { networking: requestNetworking(record, linked) } : {}),
    });
  } catch (error) {
    if (!(error instanceof BerthError)) throw error;
    throw new BerthError(error.code, `failed to set up container networking: ${error.message}`, {
      ...(error.hint === undefined ? {} : { hint: error.hint }),
      ...(error.details === undefined ? {} : { details: error.details }),
      cause: error,
    });
  }
}

/** The network, name and files of another container that runs. */
function joinNetwork(context: Context, record: ContainerRecord, name: string): OpenedNetwork {
  const other = otherContainer(context, name);
  if (other.id === record.id) throw new BerthError('conflict', 'cannot join own network');
  if (other.state.status === 'restarting') {
    throw new BerthError('conflict', `container ${other.id} is restarting, wait until the container is running`);
  }
  if ((other.state.status !== 'running' && other.state.status !== 'paused') || !other.sandbox) {
    throw new BerthError('conflict', `cannot join network of a non running container: ${other.id}`, {
      hint: `Start it first: berth start ${other.name}`,
    });
  }
  const { namespacePath, joined, resolvConf } = other.sandbox;
  const { Hostname, Domainname } = other.spec.config;
  const owner = pathsOf(context.config, joined ?? other.id);
  return {
    sandbox: { namespacePath, endpoints: [], ports: [], resolvConf, joined: joined ?? other.id },
    paths: {
      ...pathsOf(context.config, record.id),
      hosts: owner.hosts,
      hostname: owner.hostname,
      resolvConf: owner.resolvConf,
    },
    config: { ...record.spec.config, Hostname, Domainname },
  };
}

function otherContainer(context: Context, name: string): ContainerRecord {
  try {
    return context.store.resolve(name);
  } catch (cause) {
    // Not "not-found": that would say that the container to be started is unknown.
    if (!isBerthError(cause, 'not-found')) throw cause;
    throw new BerthError('conflict', `joining network namespace of container: ${cause.message}`, { cause });
  }
}
