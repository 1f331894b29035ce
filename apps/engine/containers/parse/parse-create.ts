import { existsSync } from 'node:fs';
import { availableParallelism, hostname } from 'node:os';
import type { EndpointWish, HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';
import type { Digest } from '@berth/oci';
import type { EngineConfig } from '../../config.ts';
import type { ImageConfig } from '../../images/model.ts';
import type { CgroupLimits } from '../../linux/cgroup-limits.ts';
import { withDefaults } from '../log-drivers/index.ts';
import type { ContainerSpec } from '../model.ts';
import type { CreateBody } from '../service.ts';
import { mergeImageConfig } from './merge-image-config.ts';
import { decodeCreateBody } from './parse-create-body.ts';
import { checkConfig } from './parse-create-config.ts';
import { checkHostConfig } from './parse-create-host.ts';
import { checkNetworkOptions } from './parse-create-network.ts';
import { refuseUnsupported } from './parse-create-unsupported.ts';
import { parseMounts } from './parse-mounts.ts';
import { parsePorts } from './parse-ports.ts';
import { checkResources, EVERY_LIMIT } from './resources.ts';

/** What creation depends on besides body and image. */
export interface CreateOptions {
  /** Id of the new container: its first 12 digits are the default hostname. */
  id: string;
  /** Cgroup version 2 alone: namespace default and OOM settings differ. */
  cgroupV2: boolean;
  /** Host has AppArmor switched on. */
  apparmor: boolean;
  /** The engine's settings; Docker's defaults where left out. */
  defaults?: CreateDefaults;
  /** Kernel forwards IPv4 (`net.ipv4.ip_forward`); without it networking gets a warning. Undefined: it will. */
  ipv4Forwarding?: boolean;
  /** Limits that the kernel can set; all of version 1 when left out. */
  limits?: CgroupLimits;
  /** Usable CPUs; asked of the system when left out. */
  cpus?: number;
  /** Whether a bind source exists; asked of the file system when left out. */
  pathExists?: (path: string) => boolean;
}

/** Settings that a container takes over when it is created. */
export type CreateDefaults = Pick<
  EngineConfig,
  'defaultShmSize' | 'defaultIpcMode' | 'defaultCgroupnsMode' | 'logDriver' | 'logOpts'
>;

export interface ParsedCreate {
  spec: ContainerSpec;
  /** Sentences for the client, Docker's wording. */
  warnings: string[];
}

/**
 * Reads the body of a create request: decodes, merges the image's configuration in, checks all that can be checked
 * without starting, fills defaults so that `inspect` shows what holds. `parseMounts` and `parsePorts` take the result apart.
 *
 * Errors: invalid with Docker's sentences; not-supported (naming the option) for what this version does not do. Never
 * not-found: clients take that for a missing image.
 */
export function parseCreate(
  body: CreateBody,
  image: { id: Digest; config: ImageConfig } | undefined,
  options: CreateOptions,
): ParsedCreate {
  const decoded = decodeCreateBody(body);
  const { hostConfig } = decoded;
  checkConfig(decoded.config);
  const config = mergeImageConfig(decoded.config, image?.config.config);
  if (!config.Entrypoint && !config.Cmd) {
    throw new BerthError('invalid', 'No command specified', {
      hint: 'The image names no command of its own: give one after the image name.',
    });
  }
  if (config.WorkingDir !== '' && !config.WorkingDir.startsWith('/')) config.WorkingDir = `/${config.WorkingDir}`;
  const endpoints = normaliseEndpoints(decoded.endpoints);
  fillDefaults(hostConfig, options.defaults);
  checkHostConfig(hostConfig, options);
  const warnings = checkResources(hostConfig, {
    cpus: options.cpus ?? availableParallelism(),
    limits: options.limits ?? { ...EVERY_LIMIT, swappiness: !options.cgroupV2, oomKillDisable: !options.cgroupV2 },
    cgroupV2: options.cgroupV2,
  });
  // Docker holds only the client's own ports against a joined network: those of an image are no wish.
  const exposed = Object.keys(decoded.config.ExposedPorts ?? {});
  warnings.push(...checkNetworkOptions(config, hostConfig, endpoints, { ...options, exposed }));
  refuseUnsupported(decoded.config, hostConfig);
  const mounts = parseMounts({ hostConfig, volumes: config.Volumes }, options.pathExists ?? existsSync);
  parsePorts(hostConfig, config.ExposedPorts);
  if (config.Hostname === '') {
    config.Hostname = hostConfig.NetworkMode === 'host' ? hostname() : options.id.slice(0, 12);
  }
  return { spec: { config, hostConfig, endpoints, mounts }, warnings };
}

function fillDefaults(host: HostConfig, defaults: CreateDefaults | undefined): void {
  if (defaults === undefined) return;
  if (host.ShmSize === 0) host.ShmSize = defaults.defaultShmSize;
  host.IpcMode ||= defaults.defaultIpcMode;
  host.CgroupnsMode ||= defaults.defaultCgroupnsMode ?? '';
  host.LogConfig = withDefaults(host.LogConfig, { Type: defaults.logDriver, Config: defaults.logOpts });
}

function normaliseEndpoints(endpoints: Record<string, EndpointWish>): Record<string, EndpointWish> {
  return Object.fromEntries(
    Object.entries(endpoints).map(([name, wish]) => [name === 'default' ? 'bridge' : name, wish]),
  );
}
