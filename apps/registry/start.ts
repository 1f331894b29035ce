import { join } from 'node:path';
import { type Logger, Scope } from '@berth/kit';
import { openControl } from './access/index.ts';
import { claimRoot } from './claim-root.ts';
import { scheduleCleaning } from './cleaning/schedule.ts';
import { serveControl } from './control/serve-control.ts';
import { serve } from './http/serve.ts';
import { createRegistry, type Registry } from './registry.ts';
import type { RegistryConfig } from './settings/config.ts';
import { openDisk } from './storage/disk.ts';

export interface RunningRegistry {
  /** `HOST:PORT` as it listens. */
  address: string;
  registry: Registry;
  /** Takes no more requests, lets those under way end for a while, and lets go of everything. Idempotent. */
  stop(): Promise<void>;
}

/** Starts a registry. Whatever fails undoes what was begun. Errors: conflict (the root is in use), unavailable, invalid. */
export async function startRegistry(config: RegistryConfig, log: Logger): Promise<RunningRegistry> {
  const scope = new Scope();
  try {
    const registry = await openRegistry(config, log, scope);
    await serveControl(config.root, registry, scope);
    scope.add('stop cleaning', scheduleCleaning(registry, config, log));
    const { connections, idle, headers, stop } = config.limits;
    const options = { listen: config.listen, connections, idleMs: idle, headersMs: headers };
    const serving = await serve(registry.handle, options);
    scope.add('stop serving', () => serving.close(stop));
    return { address: serving.address, registry, stop: () => scope.close() };
  } catch (error) {
    await scope.close();
    throw error;
  }
}

/** The registry without its door: also for cleaning while none runs. Errors: conflict, unavailable. */
export async function openRegistry(config: RegistryConfig, log: Logger, scope: Scope): Promise<Registry> {
  claimRoot(config.root, scope);
  const driver = openDisk(config.root);
  scope.add('close the storage', () => driver.close());
  const tokenKey = join(config.root, 'token.key');
  const { control } = await openControl({ service: 'berth-registry', tokenKey, tokenLifetime: 300 }, log);
  scope.add('close access control', () => control.close());
  return createRegistry({
    ...{ driver, access: control, log },
    deletes: config.delete,
    blobLimit: config.limits.blob,
    wholeIndexes: config.indexes === 'whole',
    graceMs: config.gc.grace,
    uploadMs: config.uploads.expire,
    rules: config.retention.rules,
    onAnswered: (answered) => log.debug('answered', { ...answered }),
  });
}
