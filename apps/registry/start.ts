import { type Logger, Scope } from '@berth/kit';
import { isLoopback } from '@berth/oci';
import { openControl, serveToken } from './access/index.ts';
import { claimRoot } from './claim-root.ts';
import { scheduleCleaning } from './cleaning/schedule.ts';
import { serveControl } from './control/serve-control.ts';
import { serve } from './http/serve.ts';
import {
  answerHealth,
  countStored,
  createReadiness,
  createRegistryMetrics,
  logRequest,
  type RegistryMetrics,
  serveHealth,
} from './metrics/index.ts';
import { createRegistry, type Registry, type RegistryLimits } from './registry.ts';
import { accessSettings } from './settings/access.ts';
import { checkConfig } from './settings/check.ts';
import type { RegistryConfig } from './settings/config.ts';
import type { StorageDriver } from './storage/driver.ts';
import { openStorage } from './storage/open-storage.ts';
import { openTls } from './tls/index.ts';

const COUNT_EVERY = 24 * 3_600_000;
/** The time over which a client's pace is looked at, in milliseconds. */
const PACE_WINDOW = 60_000;

export interface RunningRegistry {
  /** `HOST:PORT` as it listens. */
  address: string;
  /** Where health and figures are asked for, if anywhere. */
  watched: string | undefined;
  registry: Registry;
  /** Takes no more requests, lets those under way end for a while, and lets go of everything. Idempotent. */
  stop(): Promise<void>;
}

/** Starts a registry. Whatever fails undoes what was begun. Errors: conflict (the root is in use), unavailable, invalid. */
export async function startRegistry(
  config: RegistryConfig,
  log: Logger,
  { paceWindow = PACE_WINDOW }: { paceWindow?: number } = {},
): Promise<RunningRegistry> {
  checkConfig(config); // before anything is made
  const scope = new Scope();
  try {
    const { registry, driver, metrics } = await openParts({ config, log, scope, paceWindow });
    await serveControl(config.root, registry, scope);
    scope.add('stop cleaning', scheduleCleaning(registry, config, log));
    const { ready, stop } = createReadiness(driver);
    const watched = config.watch && (await watch(config, { ready, metrics, driver, log }, scope));
    const { connections, idle, headers } = config.limits;
    const tls = config.tls && (await openTls(config.tls, log));
    const options = { listen: config.listen, connections, idleMs: idle, headersMs: headers, tls };
    warnIfOpen(config, log);
    const serving = await serve((message, answer) => {
      if (!answerHealth({ ready, metrics: undefined }, message, answer)) registry.handle(message, answer);
    }, options);
    scope.add('stop serving', () => {
      stop();
      return serving.close(config.limits.stop);
    });
    return { address: serving.address, watched, registry, stop: () => scope.close() };
  } catch (error) {
    await scope.close();
    throw error;
  }
}

/** The registry without its door: also for cleaning while none runs. Errors: conflict, unavailable. */
export async function openRegistry(config: RegistryConfig, log: Logger, scope: Scope): Promise<Registry> {
  return (await openParts({ config, log, scope, paceWindow: PACE_WINDOW })).registry;
}

interface Opening {
  config: RegistryConfig;
  log: Logger;
  scope: Scope;
  paceWindow: number;
}

async function openParts({ config, log, scope, paceWindow }: Opening) {
  claimRoot(config.root, scope);
  const driver = await openStorage(config.storage, config.root);
  scope.add('close the storage', () => driver.close());
  const { control, tokens } = await openControl(accessSettings(config), log);
  scope.add('close access control', () => control.close());
  const metrics = createRegistryMetrics();
  const registry = createRegistry({
    ...{ driver, access: control, log, origin: config.url },
    ...(tokens === undefined ? {} : { outside: serveToken(tokens) }),
    deletes: config.delete,
    blobLimit: config.limits.blob,
    wholeIndexes: config.indexes === 'whole',
    graceMs: config.gc.grace,
    uploadMs: config.uploads.expire,
    rules: config.retention.rules,
    upstreams: config.upstreams,
    limits: limitsOf(config, paceWindow),
    metrics,
    onAnswered: (answered) => {
      logRequest(log, answered);
      metrics.answered(answered);
    },
  });
  scope.add('end what is under way with upstreams', () => registry.close());
  return { registry, driver, metrics };
}

/** Said once, where it cannot be missed: it is right on a machine of one's own only. */
function warnIfOpen({ listen, access, tls, watch }: RegistryConfig, log: Logger): void {
  if (watch && !isLocal(watch.listen))
    log.warn('anybody who reaches this address may read figures of the registry', { listen: watch.listen });
  if (isLocal(listen)) return;
  if (access.htpasswd === undefined && access.issuer === undefined && access.rules === undefined)
    log.warn('anybody who reaches this address may push and delete: no users and no rules are set', { listen });
  if (tls === undefined && (access.htpasswd ?? access.issuer) !== undefined)
    log.warn('passwords and tokens cross the network in the clear: no TLS is set', { listen });
}

/** `HOST:PORT` of this machine alone; without a host it is every address. */
function isLocal(listen: string): boolean {
  return isLoopback(listen.replace(/:\d+$/, '').replace(/^\[|\]$/g, ''));
}

function limitsOf({ limits, quotas }: RegistryConfig, paceWindow: number): RegistryLimits {
  const { uploads, uploadWait, pace } = limits;
  return {
    places: { places: uploads, waiting: uploads, patience: uploadWait },
    pace: { bytesPerSecond: pace, window: paceWindow },
    quotas,
  };
}

interface Watched {
  ready(): Promise<void>;
  metrics: RegistryMetrics;
  driver: StorageDriver;
  log: Logger;
}

/** Serves health and figures at their own address; resolves to that. Errors: unavailable, invalid. */
async function watch(config: RegistryConfig, parts: Watched, scope: Scope): Promise<string> {
  const { ready, metrics, driver, log } = parts;
  const serving = await serveHealth({ ready, metrics: () => metrics.text() }, config.watch?.listen ?? '');
  scope.add('stop being watched', () => serving.close());
  const count = () =>
    countStored(driver)
      .then((stored) => metrics.stored(stored))
      .catch((error) => log.warn('the storage cannot be counted', { error }));
  // What is stored is counted as seldom as it is cleaned: every object is looked at.
  const timer = setInterval(count, Math.min(config.gc.interval || COUNT_EVERY, COUNT_EVERY));
  scope.add('stop counting', () => clearInterval(timer));
  timer.unref();
  void count();
  return serving.address;
}
