import { BerthError } from '@berth/kit';
import type { EngineConfig } from '../../config.ts';
import type { MountPoint } from '../parse/parse-mounts.ts';

/**
 * A bind that has the engine's own mounts in it, or lies in its directories, receives what the host unmounts: else it
 * would hold on to the file systems of other containers after their end. Errors: invalid, in Docker's words, for modes
 * that do not.
 */
export function besideOwnMounts({ dataRoot, execRoot }: EngineConfig, mount: MountPoint): MountPoint {
  if (mount.type !== 'bind' || ![dataRoot, execRoot].some((root) => overlap(root, mount.source))) return mount;
  if (mount.defaultPropagation) return { ...mount, propagation: 'rslave' };
  if (mount.propagation === 'rslave' || mount.propagation === 'rshared') return mount;
  const [root, source, mode] = [dataRoot, mount.source, mount.propagation].map((text) => JSON.stringify(text));
  throw new BerthError(
    'invalid',
    `invalid mount config: must use either propagation mode "rslave" or "rshared" when mount source is within the daemon root, daemon root: ${root}, bind mount source: ${source}, propagation: ${mode}`,
  );
}

/** One is the other, or lies in it. */
function overlap(one: string, other: string): boolean {
  const slash = (path: string) => (path.endsWith('/') ? path : `${path}/`);
  return slash(one).startsWith(slash(other)) || slash(other).startsWith(slash(one));
}
