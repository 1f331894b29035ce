import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { BerthError } from '@berth/kit';
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
  const registered = Object.hasOwn(config.runtimes, name) ? config.runtimes[name] : undefined;
  if (registered === undefined && !KNOWN.includes(name))
    throw new BerthError('invalid', `unknown or invalid runtime name: ${name}`);
  const known = runtimes.get(name);
  // A reload may have registered another program under the name.
  if (known && (registered === undefined || isDeepStrictEqual(known.registered, registered))) return known;
  const runtime = await findRuntime(name, join(config.execRoot, 'runtime'), registered);
  runtimes.set(name, runtime);
  return runtime;
}
