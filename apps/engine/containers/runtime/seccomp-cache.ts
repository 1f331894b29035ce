import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { mkdir, rename, writeFile } from 'node:fs/promises';
import { release } from 'node:os';
import { join } from 'node:path';
import { errnoOf } from '@berth/kit';
import type { Context } from '../context.ts';
import type { BuiltSpec } from '../spec/build.ts';
import { compiledSeccomp, type OciRuntime } from './oci-runtime.ts';

/** crun takes a compiled filter by this annotation instead of the profile. */
const ANNOTATION = 'run.oci.seccomp_bpf_data';

/**
 * Puts the seccomp filter into a configuration: a compiled one where crun left it for an equal container before (compiling
 * costs 12 to 15 ms each time), else the profile. `learn` asks to keep what crun compiles now.
 */
export function applySeccomp(context: Context, runtime: OciRuntime, built: BuiltSpec): { learn: boolean; key: string } {
  const { spec, seccomp } = built;
  if (!seccomp) return { learn: false, key: '' };
  const key = createHash('sha256')
    .update(JSON.stringify([runtime.name, runtime.version, release(), seccomp]))
    .digest('hex');
  const compiled = runtime.reusesSeccomp ? readCompiled(context, key) : undefined;
  if (compiled) spec.annotations = { ...spec.annotations, [ANNOTATION]: compiled };
  else spec.linux.seccomp = seccomp;
  return { learn: runtime.reusesSeccomp && !compiled, key };
}

/** Keeps the filter that crun compiled for a container that was just created. */
export async function rememberSeccomp(context: Context, runtime: OciRuntime, id: string, key: string): Promise<void> {
  const filter = await compiledSeccomp(runtime, id);
  if (!filter || filter.length === 0 || filter.length % 8 !== 0) return; // not the array of 8-byte instructions that it must be
  const dir = cacheDirectory(context);
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, key);
  await writeFile(`${path}.${id}`, filter.toString('base64'), { mode: 0o600 });
  await rename(`${path}.${id}`, path);
}

const loaded = new Map<string, string>();

function readCompiled(context: Context, key: string): string | undefined {
  const path = join(cacheDirectory(context), key);
  const known = loaded.get(path);
  if (known) return known;
  try {
    const text = readFileSync(path, 'utf8');
    loaded.set(path, text);
    return text;
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** Volatile on purpose: another version of libseccomp after a reboot compiles anew. */
function cacheDirectory(context: Context): string {
  return join(context.config.execRoot, 'seccomp');
}
