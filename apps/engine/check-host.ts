import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError, errnoOf } from '@berth/kit';
import { mount, unmount } from './linux/mount.ts';

/** Kinds of namespaces that a container cannot do without. */
const NAMESPACES = ['ipc', 'mnt', 'net', 'pid', 'uts'];
const TRIAL = 'overlay-trial-';

/**
 * Looks whether kernel and data root can do what every container needs, so that an engine that could run none says so
 * at its start. Takes a millisecond. Errors: unavailable, naming what is missing.
 */
export function checkHost(dataRoot: string): void {
  const missing = NAMESPACES.filter((name) => !existsSync(`/proc/self/ns/${name}`));
  if (missing.length > 0)
    throw new BerthError('unavailable', `this kernel has no namespaces of the kind ${missing.join(', ')}`, {
      hint: 'Containers are made of them: the kernel has to be built with CONFIG_NAMESPACES and all that it offers below.',
    });
  // Of an engine that was killed in the midst of this.
  for (const name of readdirSync(dataRoot)) if (name.startsWith(TRIAL)) removeTrial(join(dataRoot, name));
  const trial = mkdtempSync(join(dataRoot, TRIAL));
  try {
    for (const name of ['lower', 'upper', 'work', 'root']) mkdirSync(join(trial, name));
    mountTrial(trial);
  } catch (cause) {
    throw refusal(dataRoot, cause);
  } finally {
    removeTrial(trial);
  }
}

/** `volatile`: taking it down must not wait until the whole disk is written. Kernels before 5.10 do not know that. */
function mountTrial(trial: string): void {
  const options = `lowerdir=${trial}/lower,upperdir=${trial}/upper,workdir=${trial}/work`;
  try {
    mount('overlay', `${trial}/root`, 'overlay', 0, `${options},volatile`);
  } catch (error) {
    if (errnoOf(error) !== 'EINVAL') throw error;
    mount('overlay', `${trial}/root`, 'overlay', 0, options);
  }
}

function removeTrial(trial: string): void {
  try {
    unmount(`${trial}/root`);
  } catch {
    // it was not mounted
  }
  rmSync(trial, { recursive: true, force: true });
}

function refusal(dataRoot: string, cause: unknown): BerthError {
  switch (errnoOf(cause)) {
    case 'ENODEV':
      return new BerthError('unavailable', 'this kernel has no overlayfs, which the files of containers lie on', {
        cause,
        hint: 'Load it (modprobe overlay), or use a kernel with CONFIG_OVERLAY_FS.',
      });
    case 'EINVAL':
      return new BerthError(
        'unavailable',
        `the file system of the data root ${dataRoot} cannot hold the writable layers of containers (overlayfs refuses it)`,
        { cause, hint: 'Put it on ext4, xfs, btrfs or tmpfs with --data-root; not on overlay, NFS or vfat.' },
      );
    case 'EPERM':
      return new BerthError('unavailable', 'mounting is not permitted here: the engine needs CAP_SYS_ADMIN', {
        cause,
        hint: 'In a container, it has to be a privileged one.',
      });
    default:
      return new BerthError('unavailable', `overlayfs cannot be mounted below the data root ${dataRoot}: ${cause}`, {
        cause,
      });
  }
}
