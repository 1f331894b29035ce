import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { BerthError } from '@berth/kit';
import type { EngineConfig } from '../../config.ts';
import type { Context } from '../context.ts';
import { findRuntime, type OciRuntime } from './oci-runtime.ts';

/** Programs that are known without being registered. */
const KNOWN = ['crun', 'runc'];

/** Name of the runtime of containers that name none. */
export function defaultRuntimeName({ config, defaultRuntime }: Pick<Context, 'config' | 'defaultRuntime'>): string {
  return config.defaultRuntime ?? defaultRuntime.name;
}

/**
 * The runtime that a container asked for by name; '' is the default. Errors: invalid, with Docker's sentence;
 * unavailable when it cannot be run.
 */
export async function runtimeFor(
  context: Pick<Context, 'config' | 'defaultRuntime' | 'runtimes'>,
  asked: string,
): Promise<OciRuntime> {
  const { config, runtimes } = context;
  const name = asked || defaultRuntimeName(context);
  const registered = config.runtimes[name];
  const known = runtimes.get(name);
  if (known && isStill(known, config)) return known;
  if (registered === undefined && !KNOWN.includes(name))
    throw new BerthError('invalid', `unknown or invalid runtime name: ${name}`);
  const runtime = await findRuntime(name, join(config.execRoot, 'runtime'), registered);
  runtimes.set(name, runtime);
  found.set(runtime, registered);
  return runtime;
}

/** What each runtime was registered as when it was looked up: a reload may say otherwise. */
const found = new WeakMap<OciRuntime, EngineConfig['runtimes'][string] | undefined>();

function isStill(runtime: OciRuntime, { runtimes }: EngineConfig): boolean {
  const now = runtimes[runtime.name];
  if (now === undefined && KNOWN.includes(runtime.name)) return true;
  return now !== undefined && isDeepStrictEqual(found.get(runtime) ?? now, now);
}
