import type { ContainerConfig, HostConfig } from '@berth/contract';
import type { IdRange } from '../../linux/user-namespace.ts';
import { checkSecurityOptions } from '../parse/parse-create-security.ts';
import type { ResolvedUser } from '../parse/user.ts';
import type { Remap } from '../remap/remap.ts';
import { resolveCapabilities } from './capabilities.ts';
import { resolveDevices } from './devices.ts';
import { type MountFacts, resolveMounts } from './mounts.ts';
import { type JoinedNamespaces, resolveNamespaces } from './namespaces.ts';
import { resolveProcess } from './process.ts';
import { resolveResources } from './resources.ts';
import type { RuntimeSpec } from './runtime-spec.ts';
import { defaultSeccompProfile, type SeccompProfile } from './seccomp.ts';
import { customSeccompProfile, parseSeccompProfile } from './seccomp-custom.ts';

/** What is known of a container only when it starts. */
export interface StartFacts extends MountFacts {
  user: ResolvedUser;
  networkPath: string | undefined;
  joined: JoinedNamespaces;
  cgroupPath: string;
  /** The user namespace, where it has one. */
  remap?: Remap | undefined;
}

export interface BuiltSpec {
  spec: RuntimeSpec;
  capabilities: string[];
  /** The filter, kept apart so that a compiled one can take its place; undefined: unconfined. */
  seccomp: SeccompProfile | undefined;
}

/** Writes the OCI runtime configuration of a container, without its seccomp filter. Errors: invalid, not-supported. */
export function buildSpec(config: ContainerConfig, host: HostConfig, facts: StartFacts): BuiltSpec {
  const security = checkSecurityOptions(host.SecurityOpt ?? [], true); // what this host lacks was refused at create
  const capabilities = resolveCapabilities({
    add: host.CapAdd ?? [],
    drop: host.CapDrop ?? [],
    privileged: host.Privileged,
  });
  const { nodes, rules } = resolveDevices(host);
  const ownUts = host.UTSMode !== 'host';
  const shared = facts.mountPoints.some((mount) => mount.propagation.endsWith('shared'));
  const spec: RuntimeSpec = {
    ociVersion: '1.0.2',
    root: { path: facts.paths.rootfs, readonly: host.ReadonlyRootfs },
    ...(ownUts ? { hostname: config.Hostname } : {}),
    process: resolveProcess(config, host, {
      user: facts.user,
      capabilities,
      security,
      init: facts.init !== undefined,
    }),
    mounts: resolveMounts(host, facts),
    ...(host.Annotations === undefined ? {} : { annotations: { ...host.Annotations } }),
    linux: {
      cgroupsPath: facts.cgroupPath,
      namespaces: resolveNamespaces(host, facts.networkPath, facts.joined, facts.cgroupNamespace, facts.remap?.path),
      ...mappings(facts.remap),
      resources: resolveResources(host, rules),
      devices: nodes,
      maskedPaths: host.Privileged ? [] : (host.MaskedPaths ?? []),
      readonlyPaths: host.Privileged ? [] : (host.ReadonlyPaths ?? []),
      ...sysctls(config, host, ownUts, facts.remap),
      rootfsPropagation: shared
        ? 'shared'
        : facts.mountPoints.some((m) => m.propagation.endsWith('slave'))
          ? 'rslave'
          : 'rprivate',
    },
  };
  return {
    spec,
    capabilities,
    seccomp: seccompOf(security.seccomp ?? (host.Privileged ? 'unconfined' : undefined), capabilities),
  };
}

/** The same as the namespace has; runc wants to be told. */
function mappings(remap: Remap | undefined): Pick<RuntimeSpec['linux'], 'uidMappings' | 'gidMappings'> {
  if (remap === undefined) return {};
  const mapping = ({ first, count }: IdRange) => [{ containerID: 0, hostID: first, size: count }];
  return { uidMappings: mapping(remap.users), gidMappings: mapping(remap.groups) };
}

/** The domain name is a sysctl: crun of Debian 12 does not know the `domainname` member. */
function sysctls(
  config: ContainerConfig,
  host: HostConfig,
  ownUts: boolean,
  remap: Remap | undefined,
): { sysctl?: Record<string, string> } {
  const sysctl = {
    ...(ownNetwork(host)
      ? {
          'net.ipv4.ip_unprivileged_port_start': '0',
          'net.ipv4.ping_group_range': `0 ${remap ? remap.groups.count - 1 : 2147483647}`,
        }
      : {}),
    ...(ownUts && config.Domainname ? { 'kernel.domainname': config.Domainname } : {}),
    ...host.Sysctls,
  };
  return Object.keys(sysctl).length > 0 ? { sysctl } : {};
}

/** Docker lets programs of a container's own network bind low ports and ping without privileges. */
function ownNetwork(host: HostConfig): boolean {
  return host.NetworkMode !== 'host' && !host.NetworkMode.startsWith('container:') && !host.Privileged;
}

/** The filter that `--security-opt seccomp=` asks for; undefined: none. */
function seccompOf(profile: string | undefined, capabilities: string[]): SeccompProfile | undefined {
  if (profile === 'unconfined') return undefined;
  return profile === undefined
    ? defaultSeccompProfile(capabilities)
    : customSeccompProfile(parseSeccompProfile(profile), capabilities);
}
