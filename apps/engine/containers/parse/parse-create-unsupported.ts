import type { ContainerConfig, HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';

/**
 * Refuses what Docker has and this version does not do, naming the option: nothing is ignored silently.
 * `config` is the client's own, without what the image brings. Errors: not-supported; invalid (reserved annotations).
 */
export function refuseUnsupported(config: ContainerConfig, host: HostConfig): void {
  refuseStorageOptions(host.StorageOpt ?? {});
  const refused = UNSUPPORTED.find(([, isSet]) => isSet(host, config));
  if (refused) throw new BerthError('not-supported', `${refused[0]} is not supported by this version of Berth`);
  for (const name of Object.keys(host.Annotations ?? {})) {
    // The runtimes take these as orders (hooks, handlers, filters), not as notes.
    if (/^(run\.oci\.|org\.systemd\.property\.)/.test(name)) {
      throw new BerthError('invalid', `annotation "${name}" is reserved: it would steer the OCI runtime`);
    }
  }
}

/** A size of the writable layer needs project quotas, which this version does not set. */
function refuseStorageOptions(options: Record<string, string>): void {
  for (const name of Object.keys(options)) {
    if (name.toLowerCase() !== 'size') throw new BerthError('invalid', `Unknown option ${name}`);
    throw new BerthError(
      'not-supported',
      '--storage-opt size is not supported: it needs a file system with project quotas (xfs with pquota), which this version of Berth does not use',
    );
  }
}

const UNSUPPORTED: [string, (host: HostConfig, config: ContainerConfig) => boolean][] = [
  ['HostConfig.Cgroup', (host) => host.Cgroup !== ''],
];
