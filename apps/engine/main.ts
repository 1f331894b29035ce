import { join } from 'node:path';
import { BerthError, describeError, type Logger, Scope } from '@berth/kit';
import { createRoutes, readTls, refuseTaken, serve } from './api/index.ts';
import { checkConfig } from './check-config.ts';
import { checkHost } from './check-host.ts';
import type { EngineConfig } from './config.ts';
import { createContainers, describeLogBound, LOG_DRIVERS, openRemap, probeRuntime } from './containers/index.ts';
import { createEvents, type Publish } from './events/index.ts';
import { createImages, createTransfers } from './images/index.ts';
import { createMetrics, serveMetrics } from './metrics/index.ts';
import { createNetworks, NETWORK_DRIVERS } from './networks/index.ts';
import { releaseWhenIdle } from './release-when-idle.ts';
import { takeRoots } from './roots.ts';
import { runEngine } from './run.ts';
import { type CommandLine, loadConfig, readCommandLine, usage } from './settings/index.ts';
import { openDatabase } from './state/database.ts';
import { BUILD, createSystem, VERSION } from './system/index.ts';
import { findPrograms } from './system/programs.ts';
import { tlsCommand } from './tls/index.ts';
import { createVolumes } from './volumes/index.ts';

/** A running engine. */
export interface Engine {
  /** Where it listens. */
  addresses: readonly string[];
  /** Persistent id. */
  id: string;
  publish: Publish;
  /**
   * Looks whether these settings can take the place of the present ones, and resolves to what is to be done when they
   * have. Errors: those of the parts.
   */
  checkReload(next: EngineConfig): Promise<() => void>;
  /** Answers no more requests and lets go of everything; containers go on. Idempotent. */
  stop(): Promise<void>;
}

/**
 * Starts an engine: state, runtime, networks, what became of the containers, then the API. Whatever fails undoes what
 * was begun. Errors: conflict (another engine has the root), unavailable (no runtime), those of the parts.
 */
export async function startEngine(config: EngineConfig, log: Logger): Promise<Engine> {
  const scope = new Scope();
  try {
    return { ...(await assemble(config, log, scope)), stop: () => scope.close() };
  } catch (error) {
    await scope.close();
    throw error;
  }
}

async function assemble(config: EngineConfig, log: Logger, scope: Scope): Promise<Omit<Engine, 'stop'>> {
  const { tls, addresses, warnings } = checkConfig(config);
  takeRoots(config, scope);
  checkHost(config.dataRoot);
  await Promise.all(addresses.map(refuseTaken)); // before anything is made in the kernel
  const db = openDatabase(join(config.dataRoot, 'berth.db'));
  scope.add('close the database', () => db.close());
  const events = createEvents({ db, log });
  scope.add('close the event store', () => events.close());
  const metrics = createMetrics({
    containers: () => containers.service.counts(),
    healthChecks: () => containers.healthChecks(),
    eventListeners: () => events.listeners(),
    engine: () => system.forMetrics(),
  });
  const publish: Publish = (...event) => {
    metrics.happened();
    events.publish(...event);
  };
  for (const warning of warnings) log.warn(warning.replace(/^WARNING: /, ''));
  const probe = await probeRuntime({ ...config, wanted: config.defaultRuntime, log });
  for (const warning of probe.warnings) log.warn(warning);

  const remap = await openRemap(config);

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
  const images = await createImages({ config, db, log, publish, users: () => containers });
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
    hostGateway: () =>
      config.hostGatewayIps.length > 0
        ? config.hostGatewayIps
        : (networks.inspect('bridge').IPAM.Config ?? []).flatMap(({ Gateway }) => Gateway ?? []),
  });
  scope.add('let go of containers', () => containers.close());
  await containers.recover();

  const programs = await findPrograms();
  const { runtime } = probe;
  const system = createSystem(db, {
    config,
    containers: containers.service,
    images,
    volumes: volumes.service,
    runtimes: [
      { name: runtime.name, path: runtime.path, version: runtime.version },
      ...programs.runtimes.filter((p) => p.name !== runtime.name),
    ],
    monitor: programs.monitor,
    init: programs.init,
    networkDrivers: NETWORK_DRIVERS,
    logDrivers: LOG_DRIVERS,
    logBound: describeLogBound(config),
    warnings: [...warnings, ...probe.warnings],
    eventListeners: () => events.listeners(),
    login: transfers.checkAuth,
  });
  if (config.metricsAddress !== undefined) {
    const server = await serveMetrics(config.metricsAddress, tls, metrics.text);
    scope.add('stop serving metrics', () => server.close());
    log.info('metrics are served', { address: server.address });
  }
  const api = await serve({
    routes: createRoutes({
      containers: containers.service,
      images,
      transfers,
      networks,
      volumes: volumes.service,
      events,
      system,
    }),
    hosts: config.hosts,
    socketGroup: config.socketGroup,
    tls,
    allowUnprotected: config.allowUnprotectedTcp,
    version: VERSION,
    log,
    onAnswered: metrics.answered,
    onConnection: () => containers.expect(),
  });
  scope.add('stop serving', () => api.close());
  containers.resume();
  scope.add('stop watching for idle times', releaseWhenIdle());
  log.info('engine is ready', {
    version: VERSION,
    runtime: `${runtime.name} ${runtime.version}`,
    hosts: api.addresses.join(' '),
    root: config.dataRoot,
  });
  return {
    ...{ addresses: api.addresses, id: system.id, publish },
    checkReload: async (next) => {
      const renewed = readTls(next); // the files may be others under the same names
      const finish = await containers.checkReload(next);
      return () => {
        finish();
        if (renewed) api.renewTls(renewed);
      };
    },
  };
}

/** What is printed instead of running. Errors: those of `loadConfig`. */
function answer(line: CommandLine): string {
  switch (line.action) {
    case 'help':
      return usage();
    case 'version':
      return `Berth version ${VERSION}, build ${BUILD}\n`;
    default:
      checkConfig(loadConfig(line), { dry: true });
      return 'configuration OK\n';
  }
}

async function main(): Promise<void> {
  const words = process.argv.slice(2);
  if (words[0] === 'tls') {
    process.stdout.write(await tlsCommand(words.slice(1)));
    return;
  }
  const line = readCommandLine(words);
  if (line.action !== 'run') {
    process.stdout.write(answer(line));
    return;
  }
  if (process.getuid?.() !== 0)
    throw new BerthError('forbidden', 'the engine needs root: it makes mounts, namespaces and network links', {
      hint: 'Start it with sudo.',
    });
  await runEngine(line, startEngine);
}

if (import.meta.main) {
  main().catch((error) => {
    process.stderr.write(`berth: ${describeError(error)}\n`);
    process.exit(1);
  });
}
