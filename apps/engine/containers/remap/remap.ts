import { chmodSync, chownSync, existsSync, mkdirSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import type { HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';
import type { EngineConfig } from '../../config.ts';
import { mountIdmapped } from '../../linux/idmapped-mount.ts';
import { unmount } from '../../linux/mount.ts';
import { createUserNamespace, removeUserNamespace } from '../../linux/user-namespace.ts';
import { type Ranges, readRanges } from './ranges.ts';

/** The user namespace of this engine's containers. */
export interface Remap extends Ranges {
  /** File that it is bound to. */
  path: string;
}

/** What a container keeps of it, so that its files are never read with other owners. */
export type RemapRecord = Ranges;

/**
 * Makes or finds the user namespace that the setting `userns-remap` asks for; undefined when it asks for none.
 * Directories that lead to a container's root can then be passed by the group of its root user, and by nobody else.
 * Errors: invalid (the setting), unavailable (a host without user namespaces).
 */
export async function openRemap(config: EngineConfig): Promise<Remap | undefined> {
  if (config.usernsRemap === undefined) return undefined;
  const ranges = readRanges(config.usernsRemap);
  // The name tells the mapping: containers of an earlier one go on in theirs.
  const directory = join(config.execRoot, 'users');
  const path = join(directory, `${ranges.users.first}.${ranges.groups.first}`);
  const bundles = join(config.execRoot, 'c');
  for (const each of [directory, bundles]) mkdirSync(each, { recursive: true, mode: 0o700 });
  letThrough(ranges, bundles);
  if (!isBound(path)) {
    removeUserNamespace(path);
    await createUserNamespace(path, ranges.users, ranges.groups).catch((cause: unknown) => {
      throw new BerthError('unavailable', 'userns-remap: no user namespace can be made on this host', {
        cause,
        hint: 'The kernel needs CONFIG_USER_NS, and user.max_user_namespaces must not be 0.',
      });
    });
  }
  return { ...ranges, path };
}

/** The kernel's file system of namespaces (NSFS_MAGIC of linux/magic.h). */
const NSFS = 0x6e736673;

function isBound(path: string): boolean {
  return existsSync(path) && statfsSync(path).type === NSFS;
}

/** Docker's sentences for what cannot be had together with user namespaces. Errors: invalid. */
export function checkRemapped(host: HostConfig): void {
  if (host.Privileged) {
    throw new BerthError(
      'invalid',
      'privileged mode is incompatible with user namespaces.  You must run the container in the host namespace when running privileged mode',
      { hint: 'Use --userns host with it.' },
    );
  }
  if (host.NetworkMode === 'host')
    throw new BerthError('invalid', "cannot share the host's network namespace when user namespaces are enabled");
  if (host.PidMode === 'host')
    throw new BerthError('invalid', 'cannot share the host PID namespace when user namespaces are enabled');
}

/** Errors: conflict, when a container was made for another mapping than the engine has now. */
export function remapOf(remap: Remap | undefined, made: RemapRecord | undefined): Remap | undefined {
  if (made === undefined) return undefined;
  if (remap?.users.first === made.users.first && remap.groups.first === made.groups.first) return remap;
  throw new BerthError(
    'conflict',
    `the container was created with its users mapped to ${made.users.first} and on, which is not how the engine is set now`,
    { hint: 'Set userns-remap as it was, or create the container again.' },
  );
}

/** Lets the root user of a mapping through a directory of the engine's, and nobody else. */
export function letThrough({ groups }: Ranges, directory: string): void {
  chownSync(directory, 0, groups.first);
  chmodSync(directory, 0o710);
}

/**
 * Layers as the namespace sees them, at places of their own for as long as a mount(2) needs them.
 * Errors: unavailable, where the file system of the data root cannot do it.
 */
export function withMappedLayers(
  remap: Remap,
  layers: readonly string[],
  place: string,
  use: (mapped: string[]) => void,
): void {
  const mapped: string[] = [];
  try {
    for (const [index, layer] of layers.entries()) {
      const at = join(place, String(index));
      mkdirSync(at, { recursive: true, mode: 0o700 });
      mountLayer(layer, at, remap);
      mapped.push(at);
    }
    use(mapped);
  } finally {
    for (const at of mapped) unmount(at, { lazy: true });
  }
}

function mountLayer(layer: string, at: string, remap: Remap): void {
  try {
    mountIdmapped(layer, at, remap.path);
  } catch (cause) {
    throw new BerthError('unavailable', 'the file system of the data root cannot map the owners of files', {
      cause,
      hint: 'ext4, xfs, btrfs and tmpfs can with Linux 5.19 or newer. Without it, start the container with --userns host.',
    });
  }
}
