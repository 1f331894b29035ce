import { BerthError } from '@berth/kit';
import { parseMountMode } from './parse-mounts-mode.ts';

/** `CONTAINER[:ro|rw][,z]` of `--volumes-from`. Errors: invalid, in Docker's words. */
export function parseVolumesFrom(reference: string): { container: string; readOnly: boolean } {
  if (reference === '') throw new BerthError('invalid', 'volumes-from specification cannot be an empty string');
  const colon = reference.indexOf(':');
  const container = colon < 0 ? reference : reference.slice(0, colon);
  const mode = colon < 0 ? '' : reference.slice(colon + 1);
  const parsed = parseMountMode(mode);
  // Propagation and copying are settled where the volumes come from.
  if (!parsed || parsed.propagation !== undefined || parsed.copy !== undefined || (colon >= 0 && mode === '')) {
    throw new BerthError('invalid', `invalid mode: ${mode}`);
  }
  return { container, readOnly: parsed.readOnly };
}
