import { join } from 'node:path';
import type { HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { type Context, pathsOf } from '../context.ts';
import type { JoinedNamespaces } from '../spec/namespaces.ts';

/** Namespaces of other containers that a container joins. Errors: not-found; conflict when the other does not run. */
export function joinedNamespaces(context: Context, host: HostConfig): JoinedNamespaces {
  return { ipc: namespaceOf(context, host.IpcMode, 'ipc'), pid: namespaceOf(context, host.PidMode, 'pid') };
}

/** Directory that a container with shareable IPC mounts as its /dev/shm. */
export function sharedShmPath(context: Context, id: string): string {
  return join(pathsOf(context.config, id).bundle, 'shm');
}

/** The container that runs, paused or not, that a mode `container:NAME` means, or undefined for other modes. */
export function joinedContainer(context: Context, mode: string): { id: string; pid: number } | undefined {
  if (!mode.startsWith('container:')) return undefined;
  const other = context.store.resolve(mode.slice('container:'.length));
  if (other.state.status !== 'running' && other.state.status !== 'paused') {
    throw new BerthError('conflict', `cannot join namespace of a non running container: ${other.id}`, {
      hint: `Start it first: berth start ${other.name}`,
    });
  }
  return { id: other.id, pid: other.state.pid };
}

function namespaceOf(context: Context, mode: string, type: 'ipc' | 'pid'): string | undefined {
  const other = joinedContainer(context, mode);
  if (other && type === 'ipc' && context.store.resolve(other.id).spec.hostConfig.IpcMode !== 'shareable') {
    throw new BerthError('conflict', `cannot join IPC of container ${other.id}: IPC mode is not "shareable"`);
  }
  return other && `/proc/${other.pid}/ns/${type}`;
}
