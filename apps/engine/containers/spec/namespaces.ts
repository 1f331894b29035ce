import type { HostConfig } from '@berth/contract';

/** Namespaces of other containers that a container joins, as paths. */
export interface JoinedNamespaces {
  ipc: string | undefined;
  pid: string | undefined;
}

/**
 * The namespaces of a container: those listed are made or, with a path, joined; what is not listed is the host's.
 */
export function resolveNamespaces(
  host: HostConfig,
  networkPath: string | undefined,
  joined: JoinedNamespaces,
  cgroupNamespace: 'private' | 'host',
  userPath?: string,
): { type: string; path?: string }[] {
  const namespaces: { type: string; path?: string }[] = [{ type: 'mount' }];
  if (userPath !== undefined) namespaces.push({ type: 'user', path: userPath });
  if (networkPath !== undefined) namespaces.push({ type: 'network', path: networkPath });
  if (host.UTSMode !== 'host') namespaces.push({ type: 'uts' });
  if (host.PidMode !== 'host')
    namespaces.push({ type: 'pid', ...(joined.pid === undefined ? {} : { path: joined.pid }) });
  if (host.IpcMode !== 'host')
    namespaces.push({ type: 'ipc', ...(joined.ipc === undefined ? {} : { path: joined.ipc }) });
  if (cgroupNamespace === 'private') namespaces.push({ type: 'cgroup' });
  return namespaces;
}
