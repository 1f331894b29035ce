import { join } from 'node:path';
import { BerthError } from '@berth/kit';
import type { Context } from '../context.ts';
import { findRuntime, type OciRuntime } from './oci-runtime.ts';

const KNOWN = ['crun', 'runc'];

/** The runtime that a container asked for by name; '' is the default. Errors: invalid, with Docker's sentence. */
export async function runtimeFor(context: Context, name: string): Promise<OciRuntime> {
  if (name === '') return context.defaultRuntime;
  const known = context.runtimes.get(name);
  if (known) return known;
  if (!KNOWN.includes(name)) throw new BerthError('invalid', `unknown or invalid runtime name: ${name}`);
  const runtime = await findRuntime(name, join(context.config.execRoot, 'runtime'));
  context.runtimes.set(name, runtime);
  return runtime;
}
