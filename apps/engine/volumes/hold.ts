import { BerthError, errnoOf } from '@berth/kit';
import { MS, mount, mountInBackground, unmount, unmountInBackground } from '../linux/mount.ts';
import { readMountTable } from '../linux/mount-table.ts';
import { dataOf, inBackground, type VolumeContext } from './context.ts';
import { driverMountOf, withAddress, withoutSecrets } from './driver-options.ts';
import type { VolumeRecord, VolumeSource } from './model.ts';

/** Makes the data of a volume ready for a container; see VolumeSource. */
export const hold =
  (context: VolumeContext): VolumeSource['hold'] =>
  async (id, containerId) => {
    const volume = context.store.get(id);
    if (!volume) throw new BerthError('not-found', `get ${id}: no such volume`);
    const holders = context.holders.get(id) ?? new Set();
    context.holders.set(id, holders);
    const isNew = !holders.has(containerId);
    holders.add(containerId);
    if (volume.options === null) return dataOf(context.config, id);
    try {
      await context.lock.run(id, () => mountData(context, volume));
    } catch (error) {
      if (isNew) release(context)(id, containerId);
      throw error;
    }
    return dataOf(context.config, id);
  };

/** Holds a volume for a piece of the engine's own work. */
export async function holdFor(context: VolumeContext, id: string): Promise<AsyncDisposable & { path: string }> {
  const holder = `work-${serial++}`;
  const path = await hold(context)(id, holder);
  return {
    path,
    async [Symbol.asyncDispose]() {
      release(context)(id, holder);
    },
  };
}

let serial = 0;

/** Lets go of a volume for one container; see VolumeSource. */
export const release =
  (context: VolumeContext): VolumeSource['release'] =>
  (id, containerId) => {
    const holders = context.holders.get(id);
    if (!holders?.delete(containerId)) return false;
    if (holders.size > 0) return true;
    context.holders.delete(id);
    const volume = context.store.get(id);
    if (!volume?.options) return true;
    inBackground(context, `unmount volume ${volume.name}`, () =>
      context.lock.run(id, async () => {
        // Somebody may have come meanwhile: then it stays as it is.
        if (!context.holders.has(id)) await unmountData(dataOf(context.config, id));
      }),
    );
    return true;
  };

/** True when something is mounted at the path in this mount namespace. */
export function isMounted(path: string): boolean {
  return readMountTable('self').some(({ mountPoint }) => mountPoint === path);
}

async function mountData(context: VolumeContext, volume: VolumeRecord): Promise<void> {
  const path = dataOf(context.config, volume.id);
  const wish = driverMountOf(volume.options);
  if (!wish || isMounted(path)) return;
  const { type, device, flags, data } = await withAddress(wish);
  try {
    await mountInBackground(device, path, type === 'none' ? null : type, flags, data);
    // A bind takes flags only afterwards.
    const later = flags & ~(MS.BIND | MS.REC);
    if (flags & MS.BIND && later !== 0) mount('', path, null, MS.REMOUNT | MS.BIND | later, null);
  } catch (cause) {
    const code = errnoOf(cause);
    throw new BerthError(
      'invalid',
      `error while mounting volume '${path}': failed to mount local volume: mount ${device}:${path}${flags === 0 ? '' : `, flags: 0x${flags.toString(16)}`}${data === '' ? '' : `, data: ${withoutSecrets(data)}`}: ${reasonOf(code)}`,
      { cause },
    );
  }
}

/** A file system that is still in use somewhere goes when its last user does. */
export async function unmountData(path: string): Promise<void> {
  while (isMounted(path)) {
    try {
      await unmountInBackground(path);
    } catch (error) {
      if (errnoOf(error) !== 'EBUSY') throw error;
      unmount(path, { lazy: true });
    }
  }
}

const REASONS: Record<string, string> = {
  ENOENT: 'no such file or directory',
  ENODEV: 'no such device',
  EINVAL: 'invalid argument',
  EPERM: 'operation not permitted',
  EACCES: 'permission denied',
  ENOTBLK: 'block device required',
  ENOTDIR: 'not a directory',
  ECONNREFUSED: 'connection refused',
  ETIMEDOUT: 'connection timed out',
  EPROTONOSUPPORT: 'protocol not supported',
};

/** An errno in Go's words, as Docker prints it. */
function reasonOf(code: string | undefined): string {
  return REASONS[code ?? ''] ?? code ?? 'unknown';
}
