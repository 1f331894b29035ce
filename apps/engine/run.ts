import { hostname } from 'node:os';
import { createLogger, describeError, type Logger } from '@berth/kit';
import type { EngineConfig } from './config.ts';
import type { Engine } from './main.ts';
import { type CommandLine, loadConfig, reloadConfig } from './settings/index.ts';

/**
 * Runs an engine until it is told to end: SIGTERM and SIGINT stop it, a second one ends it at once; SIGHUP makes it read
 * its settings again. Resolves when it is up. Errors: those of `loadConfig` and `start`.
 */
export async function runEngine(
  line: CommandLine,
  start: (config: EngineConfig, log: Logger) => Promise<Engine>,
): Promise<void> {
  const config = loadConfig(line);
  const level = () => (config.debug ? 'debug' : config.logLevel);
  const log = createLogger(level, config.logFormat, (text) => process.stderr.write(text));
  process.on('unhandledRejection', (error) =>
    log.error('a failure was not handled', { error, stack: error instanceof Error ? error.stack : undefined }),
  );
  // Signals come first, so that one during the start leaves nothing half done.
  const { promise: starting, resolve, reject } = Promise.withResolvers<Engine>();
  let stopping = false;
  for (const signal of ['SIGTERM', 'SIGINT'] as const) {
    process.on(signal, () => {
      if (stopping) process.exit(1);
      stopping = true;
      log.info('stopping; containers go on', { signal });
      void starting.then((engine) => stop(engine, config, log)).catch(() => process.exit(1));
    });
  }
  let reloading = Promise.resolve();
  process.on('SIGHUP', () => {
    reloading = reloading.then(async () => {
      const engine = await starting.catch(() => undefined);
      if (engine && !stopping) await reload(engine, line, config, log);
    });
  });
  start(config, log).then(resolve, reject);
  await starting;
}

/** Ends this process: with 0 when all was put down in time, else with 1. */
async function stop(engine: Engine, config: EngineConfig, log: Logger): Promise<void> {
  const { shutdownTimeout: seconds } = config;
  if (seconds >= 0) {
    setTimeout(() => {
      log.error('what was under way did not end in time and is left', { seconds, setting: 'shutdown-timeout' });
      process.exit(1);
    }, seconds * 1000).unref();
  }
  try {
    await engine.stop();
    process.exit(0);
  } catch (error) {
    log.error('the engine did not stop cleanly', { error });
    process.exit(1);
  }
}

/** All that can change now, or nothing. */
async function reload(engine: Engine, line: CommandLine, config: EngineConfig, log: Logger): Promise<void> {
  try {
    const { next, changed, needRestart, apply } = reloadConfig(line, config);
    const finish = await engine.checkReload(next);
    apply();
    finish();
    log.info('settings were read again', { changed });
    if (needRestart.length > 0)
      log.warn('some changed settings need a restart of the engine (containers go on)', {
        settings: needRestart.join(' '),
      });
    engine.publish('daemon', 'reload', engine.id, reloadAttributes(config));
  } catch (error) {
    log.error('the settings were not read again: nothing has changed', { error: describeError(error) });
  }
}

/** What Docker tells in this event: everything that a reload can change, as it is now. */
function reloadAttributes(config: EngineConfig): Record<string, string> {
  const list = (items: readonly string[]) => JSON.stringify(items);
  return {
    name: hostname(),
    debug: String(config.debug),
    labels: list(config.labels),
    'default-runtime': config.defaultRuntime ?? '',
    runtimes: Object.keys(config.runtimes).join(' '),
    'default-shm-size': String(config.defaultShmSize),
    'default-ipc-mode': config.defaultIpcMode,
    'default-cgroupns-mode': config.defaultCgroupnsMode ?? '',
    'insecure-registries': list(config.insecureRegistries),
    'registry-mirrors': list(config.registryMirrors),
    registries: JSON.stringify(config.registries),
    'live-restore': 'true',
    'max-concurrent-downloads': String(config.maxConcurrentDownloads),
    'max-concurrent-uploads': String(config.maxConcurrentUploads),
    'max-download-attempts': String(config.maxDownloadAttempts),
    'shutdown-timeout': String(config.shutdownTimeout),
    'log-level': config.logLevel,
  };
}
