import type { ContainerConfig, HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';

/**
 * Refuses what Docker has and this version does not do, naming the option: nothing is ignored silently.
 * `config` is the client's own, without what the image brings. Errors: not-supported; invalid (reserved annotations).
 */
export function refuseUnsupported(config: ContainerConfig, host: HostConfig): void {
  const refused = UNSUPPORTED.find(([, isSet]) => isSet(host, config));
  if (refused) throw new BerthError('not-supported', `${refused[0]} is not supported by this version of Berth`);
  for (const name of Object.keys(host.Annotations ?? {})) {
    // The runtimes take these as orders (hooks, handlers, filters), not as notes.
    if (/^(run\.oci\.|org\.systemd\.property\.)/.test(name)) {
      throw new BerthError('invalid', `annotation "${name}" is reserved: it would steer the OCI runtime`);
    }
  }
}

const filled = (list: readonly unknown[] | null | undefined) => list != null && list.length > 0;

const UNSUPPORTED: [string, (host: HostConfig, config: ContainerConfig) => boolean][] = [
  ['gpus (HostConfig.DeviceRequests)', (host) => filled(host.DeviceRequests)],
  ['storage-opt (HostConfig.StorageOpt)', (host) => Object.keys(host.StorageOpt ?? {}).length > 0],
  ['HostConfig.Cgroup', (host) => host.Cgroup !== ''],
];
