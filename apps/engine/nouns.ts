import { join } from 'node:path';
import type { Logger, Scope } from '@berth/kit';
import { type BuildInputs, type Builds, createBuilds, openBuildInputs } from './build/index.ts';
import type { EngineConfig } from './config.ts';
import { type Containers, createContainers, openRemap, probeRuntime } from './containers/index.ts';
import { createEvents, type Events } from './events/index.ts';
import { createImages, createTransfers, type Images, type Transfers } from './images/index.ts';
import { createNetworks, type Networks } from './networks/index.ts';
import { type Database, openDatabase } from './state/database.ts';
import { createVolumes, type Volumes } from './volumes/index.ts';

/** The nouns of one engine, joined: what one needs of a higher one it is given here. */
export interface Nouns {
  db: Database;
  events: Events;
  networks: Networks;
  images: Images;
  volumes: Volumes;
  transfers: Transfers;
  containers: Containers;
  /** Contexts and sessions on their way to builds. */
  buildInputs: BuildInputs;
  builds: Builds;
  /** The OCI runtime that was found, and what is to be said about it. */
  probe: Awaited<ReturnType<typeof probeRuntime>>;
}

/** Opens all of them, lowest first, and finds what became of the containers; `scope` lets go. Errors: those of the parts. */
export async function openNouns(config: EngineConfig, log: Logger, scope: Scope): Promise<Nouns> {
  const db = openDatabase(join(config.dataRoot, 'berth.db'));
  scope.add('close the database', () => db.close());
  const events = createEvents({ db, log });
  scope.add('close the event store', () => events.close());
  const { publish } = events;
  const probe = await probeRuntime({ ...config, wanted: config.defaultRuntime, log });
  for (const warning of probe.warnings) log.warn(warning);
  const remap = await openRemap(config);

  let builds: Builds | undefined;
  const networks = createNetworks({
    ...{ config, db, log, publish },
    users: {
      containersOf: (network) => containers.networkUsers.containersOf(network),
      connect: (name, network, wish) => containers.networkUsers.connect(name, network, wish),
      disconnect: (name, network, options) => containers.networkUsers.disconnect(name, network, options),
    },
  });
  await networks.start();
  scope.add('let go of networks', () => networks.stop());
  const images = await createImages({
    ...{ config, db, log, publish },
    users: () => ({
      containersOf: (id) => containers.containersOf(id),
      // Until the cache is open nobody knows what it wants.
      isCached: (id) => builds === undefined || builds.isCached(id),
    }),
  });
  scope.add('close images', () => images.close());
  const volumes = createVolumes({ config, db, log, publish, users: () => containers });
  scope.add('let go of volumes', () => volumes.close());
  const transfers = createTransfers({ images, config, log });
  scope.add('end transfers', () => transfers.close());
  const forgetRemovedImages = () => {
    images.forgetRemoved().catch((error) => log.warn('cannot remove what is left of a removed image', { error }));
  };
  const containers = createContainers({
    ...{ config, db, log, images, networks, volumes, probe, remap },
    publish(type, action, actorId, attributes) {
      publish(type, action, actorId, attributes);
      // An image that was removed by force while this container needed it can go now; after the answer.
      if (type === 'container' && action === 'destroy') setImmediate(forgetRemovedImages);
    },
    hostGateway: () => hostGateway(config, networks),
  });
  scope.add('let go of containers', () => containers.close());
  await containers.recover();
  const buildInputs = openBuildInputs(config.dataRoot);
  scope.add('drop what waits for a build', () => buildInputs.close());
  const made = createBuilds({
    ...{ config, db, log, publish, images, transfers },
    steps: containers.buildSteps,
    inputs: buildInputs,
  });
  builds = made;
  scope.add('end builds', () => made.close());
  return { db, events, networks, images, volumes, transfers, containers, buildInputs, builds: made, probe };
}

/** Addresses by which containers reach the host: as told, else the default bridge's. */
function hostGateway({ hostGatewayIps }: EngineConfig, networks: Networks): string[] {
  if (hostGatewayIps.length > 0) return hostGatewayIps;
  return (networks.inspect('bridge').IPAM.Config ?? []).flatMap(({ Gateway }) => Gateway ?? []);
}
