import { BerthError, describeError, type Logger, Scope } from '@berth/kit';
import { createRoutes, readTls, refuseTaken, serve } from './api/index.ts';
import { checkConfig } from './check-config.ts';
import { checkHost } from './check-host.ts';
import type { EngineConfig } from './config.ts';
import { describeLogBound, LOG_DRIVERS } from './containers/index.ts';
import type { Publish } from './events/index.ts';
import { createMetrics, serveMetrics } from './metrics/index.ts';
import { NETWORK_DRIVERS } from './networks/index.ts';
import { type Nouns, openNouns } from './nouns.ts';
import { releaseWhenIdle } from './release-when-idle.ts';
import { takeRoots } from './roots.ts';
import { runEngine } from './run.ts';
import { type CommandLine, loadConfig, readCommandLine, usage } from './settings/index.ts';
import { BUILD, createSystem, type System, VERSION } from './system/index.ts';
import { findPrograms } from './system/programs.ts';
import { tlsCommand } from './tls/index.ts';

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
  for (const warning of warnings) log.warn(warning.replace(/^WARNING: /, ''));
  const nouns = await openNouns(config, log, scope);
  const { containers, events } = nouns;
  const system = await describeEngine(config, nouns, warnings);
  const metrics = createMetrics({ containers, events, system });
  if (config.metricsAddress !== undefined) {
    const server = await serveMetrics(config.metricsAddress, tls, metrics.text);
    scope.add('stop serving metrics', () => server.close());
    log.info('metrics are served', { address: server.address });
  }
  const { images, transfers, networks, volumes, buildInputs, builds } = nouns;
  const api = await serve({
    routes: createRoutes({
      ...{ images, transfers, networks, events, system, buildInputs },
      builds: builds.service,
      containers: containers.service,
      volumes: volumes.service,
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
  const { name, version } = nouns.probe.runtime;
  log.info('engine is ready', {
    version: VERSION,
    runtime: `${name} ${version}`,
    hosts: api.addresses.join(' '),
    root: config.dataRoot,
  });
  return {
    ...{ addresses: api.addresses, id: system.id, publish: events.publish },
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

async function describeEngine(config: EngineConfig, nouns: Nouns, warnings: readonly string[]): Promise<System> {
  const { db, containers, images, volumes, events, transfers, builds, probe } = nouns;
  const programs = await findPrograms();
  const { name, path, version } = probe.runtime;
  return createSystem(db, {
    ...{ config, images },
    containers: containers.service,
    volumes: volumes.service,
    buildCache: builds.service,
    runtimes: [{ name, path, version }, ...programs.runtimes.filter((program) => program.name !== name)],
    monitor: programs.monitor,
    init: programs.init,
    networkDrivers: NETWORK_DRIVERS,
    logDrivers: LOG_DRIVERS,
    logBound: describeLogBound(config),
    warnings: [...warnings, ...probe.warnings],
    eventListeners: () => events.listeners(),
    login: transfers.checkAuth,
  });
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
