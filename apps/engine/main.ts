import { chmodSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError, createLogger, describeError, type Logger, Scope } from '@berth/kit';
import { createRoutes, serve } from './api/index.ts';
import type { EngineConfig } from './config.ts';
import { createContainers, probeRuntime } from './containers/index.ts';
import { createEvents } from './events/index.ts';
import { createImages, createTransfers } from './images/index.ts';
import { lockFile } from './linux/file-lock.ts';
import { createNetworks } from './networks/index.ts';
import { releaseWhenIdle } from './release-when-idle.ts';
import { type CommandLine, loadConfig, readCommandLine, usage } from './settings/index.ts';
import { openDatabase } from './state/database.ts';
import { BUILD, createSystem, VERSION } from './system/index.ts';
import { findPrograms } from './system/programs.ts';
import { createVolumes } from './volumes/index.ts';

/** A running engine. */
export interface Engine {
  /** Where it listens. */
  addresses: readonly string[];
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
    const addresses = await assemble(config, log, scope);
    return { addresses, stop: () => scope.close() };
  } catch (error) {
    await scope.close();
    throw error;
  }
}

async function assemble(config: EngineConfig, log: Logger, scope: Scope): Promise<readonly string[]> {
  makeRoots(config);
  claim(config, scope);
  const db = openDatabase(join(config.dataRoot, 'berth.db'));
  scope.add('close the database', () => db.close());
  const events = createEvents({ db, log });
  scope.add('close the event store', () => events.close());
  const { publish } = events;
  const probe = await probeRuntime({ ...config, wanted: config.defaultRuntime, log });
  for (const warning of probe.warnings) log.warn(warning);

  const networks = createNetworks({ config, db, log, publish });
  await networks.start();
  scope.add('let go of networks', () => networks.stop());
  const images = await createImages({ config, db, log, publish, users: () => containers });
  scope.add('close images', () => images.close());
  const volumes = createVolumes({ config, db, log, publish, users: () => containers });
  scope.add('let go of volumes', () => volumes.close());
  const transfers = createTransfers({ images, config });
  scope.add('end transfers', () => transfers.close());
  const forgetRemovedImages = () => {
    images.forgetRemoved().catch((error) => log.warn('cannot remove what is left of a removed image', { error }));
  };
  const containers = createContainers({
    ...{ config, db, log, images, networks, volumes, probe },
    publish(type, action, actorId, attributes) {
      publish(type, action, actorId, attributes);
      // An image that was removed by force while this container needed it can go now; after the answer.
      if (type === 'container' && action === 'destroy') setImmediate(forgetRemovedImages);
    },
    hostGateway: () => networks.inspect('bridge').IPAM.Config?.[0]?.Gateway ?? '',
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
    networkDrivers: ['bridge', 'host', 'null'],
    logDrivers: ['json-file', 'local', 'none'],
    warnings: probe.warnings,
    eventListeners: () => events.listeners(),
    login: transfers.checkAuth,
  });
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
    version: VERSION,
    log,
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
  return api.addresses;
}

/**
 * The way to the socket is open; everything else is root's. Users of the host who could walk through the data root would
 * run set-uid programs of images (CVE-2021-41091), so one that was there before is closed as well.
 */
function makeRoots({ dataRoot, execRoot }: EngineConfig): void {
  mkdirSync(dataRoot, { recursive: true, mode: 0o700 });
  chmodSync(dataRoot, 0o700);
  mkdirSync(execRoot, { recursive: true, mode: 0o711 });
}

/** One engine for each root; its process id is in EXEC/berth.pid while it runs. */
function claim(config: EngineConfig, scope: Scope): void {
  const lock = lockFile(join(config.dataRoot, 'engine.lock'));
  if (!lock) {
    throw new BerthError('conflict', `another engine is using the data root ${config.dataRoot}`, {
      hint: 'Stop it (berth daemon stop), or give this one a root of its own: --data-root, --exec-root, --host, --bridge, --nft-table.',
    });
  }
  scope.add('release the data root', () => lock.release());
  writeFileSync(config.pidFile, `${process.pid}\n`);
  scope.add('remove the pid file', () => rmSync(config.pidFile, { force: true }));
}

/** What is printed instead of running. Errors: those of `loadConfig`. */
function answer(line: CommandLine): string {
  switch (line.action) {
    case 'help':
      return usage();
    case 'version':
      return `Berth version ${VERSION}, build ${BUILD}\n`;
    default:
      loadConfig(line);
      return 'configuration OK\n';
  }
}

async function main(): Promise<void> {
  const line = readCommandLine(process.argv.slice(2));
  if (line.action !== 'run') {
    process.stdout.write(answer(line));
    return;
  }
  const { config } = loadConfig(line);
  if (process.getuid?.() !== 0)
    throw new BerthError('forbidden', 'the engine needs root: it makes mounts, namespaces and network links', {
      hint: 'Start it with sudo.',
    });
  const level = config.debug ? 'debug' : config.logLevel;
  const log = createLogger(level, config.logFormat, (text) => process.stderr.write(text));
  const engine = await startEngine(config, log);
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      log.info('stopping; containers go on', { signal });
      engine.stop().then(
        () => process.exit(0),
        (error) => {
          log.error('the engine did not stop cleanly', { error });
          process.exit(1);
        },
      );
    });
  }
  process.on('unhandledRejection', (error) =>
    log.error('a failure was not handled', { error, stack: error instanceof Error ? error.stack : undefined }),
  );
}

if (import.meta.main) {
  main().catch((error) => {
    process.stderr.write(`berth: ${describeError(error)}\n`);
    process.exitCode = 1;
  });
}
