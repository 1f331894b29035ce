import type { Variables } from './load/interpolate.ts';
import type { Mapping, Plain } from './load/node.ts';

/** Names as the specification writes them: this is the canonical form of a file, and what `config` prints. */
export interface Service {
  annotations?: Record<string, string>;
  attach?: boolean;
  blkio_config?: {
    weight?: number;
    weight_device?: { path: string; weight: number }[];
    device_read_bps?: Rate[];
    device_write_bps?: Rate[];
    device_read_iops?: Rate[];
    device_write_iops?: Rate[];
  };
  build?: Build;
  cap_add?: string[];
  cap_drop?: string[];
  cgroup?: string;
  cgroup_parent?: string;
  command?: string[] | null;
  configs?: Grant[];
  container_name?: string;
  cpu_count?: number;
  cpu_percent?: number;
  /** Microseconds. */
  cpu_period?: number;
  cpu_quota?: number;
  cpu_rt_period?: number;
  cpu_rt_runtime?: number;
  cpu_shares?: number;
  cpus?: number;
  cpuset?: string;
  credential_spec?: Record<string, string>;
  depends_on?: Record<string, Dependency>;
  deploy?: Deploy;
  develop?: { watch?: WatchRule[] };
  device_cgroup_rules?: string[];
  devices?: { source: string; target?: string; permissions?: string }[];
  dns?: string[];
  dns_opt?: string[];
  dns_search?: string[];
  domainname?: string;
  entrypoint?: string[] | null;
  /** Only before environments are resolved. */
  env_file?: { path: string; required?: boolean; format?: string }[];
  environment?: Record<string, string | null>;
  expose?: string[];
  external_links?: string[];
  extra_hosts?: Record<string, string[]>;
  gpus?: DeviceWish[];
  group_add?: string[];
  healthcheck?: Healthcheck;
  hostname?: string;
  image?: string;
  init?: boolean;
  ipc?: string;
  isolation?: string;
  label_file?: string[];
  labels?: Record<string, string>;
  links?: string[];
  logging?: { driver?: string; options?: Record<string, string> };
  mac_address?: string;
  /** Sizes are bytes as text. */
  mem_limit?: string;
  mem_reservation?: string;
  mem_swappiness?: number;
  memswap_limit?: string;
  models?: Record<string, { endpoint_var?: string; model_var?: string } | null>;
  network_mode?: string;
  networks?: Record<string, NetworkUse | null>;
  oom_kill_disable?: boolean;
  oom_score_adj?: number;
  pid?: string;
  pids_limit?: number;
  platform?: string;
  ports?: Port[];
  post_start?: Hook[];
  pre_start?: Hook[];
  pre_stop?: Hook[];
  privileged?: boolean;
  profiles?: string[];
  provider?: { type: string; options?: Record<string, Plain> };
  pull_policy?: string;
  pull_refresh_after?: string;
  read_only?: boolean;
  restart?: string;
  runtime?: string;
  scale?: number;
  secrets?: Grant[];
  security_opt?: string[];
  shm_size?: string;
  stdin_open?: boolean;
  stop_grace_period?: string;
  stop_signal?: string;
  storage_opt?: Record<string, string>;
  sysctls?: Record<string, string>;
  tmpfs?: string[];
  tty?: boolean;
  ulimits?: Record<string, number | { soft: number; hard: number }>;
  use_api_socket?: boolean;
  user?: string;
  userns_mode?: string;
  uts?: string;
  volumes?: Mount[];
  volumes_from?: string[];
  working_dir?: string;
}

export interface Rate {
  path: string;
  rate: string;
}

export interface Build {
  context?: string;
  dockerfile?: string;
  dockerfile_inline?: string;
  entitlements?: string[];
  args?: Record<string, string | null>;
  ssh?: string[];
  labels?: Record<string, string>;
  cache_from?: string[];
  cache_to?: string[];
  no_cache?: boolean;
  no_cache_filter?: string[];
  additional_contexts?: Record<string, string>;
  network?: string;
  pull?: boolean;
  target?: string;
  shm_size?: string;
  extra_hosts?: Record<string, string[]>;
  isolation?: string;
  privileged?: boolean;
  provenance?: string | boolean;
  sbom?: string | boolean;
  secrets?: Grant[];
  tags?: string[];
  ulimits?: Record<string, number | { soft: number; hard: number }>;
  platforms?: string[];
}

export interface Grant {
  source: string;
  target?: string;
  uid?: string;
  gid?: string;
  mode?: number;
}

export interface Dependency {
  condition: 'service_started' | 'service_healthy' | 'service_completed_successfully';
  restart?: boolean;
  required?: boolean;
}

export interface Deploy {
  mode?: string;
  endpoint_mode?: string;
  replicas?: number;
  labels?: Record<string, string>;
  update_config?: Record<string, Plain>;
  rollback_config?: Record<string, Plain>;
  resources?: { limits?: Limits; reservations?: Limits };
  restart_policy?: { condition?: string; delay?: string; max_attempts?: number; window?: string };
  placement?: Record<string, Plain>;
}

export interface Limits {
  cpus?: number;
  memory?: string;
  pids?: number;
  devices?: DeviceWish[];
  generic_resources?: Plain[];
}

export interface DeviceWish {
  driver?: string;
  count?: number;
  device_ids?: string[];
  capabilities?: string[];
  options?: Record<string, string>;
}

export interface WatchRule {
  path: string;
  action: 'rebuild' | 'sync' | 'restart' | 'sync+restart' | 'sync+exec';
  target?: string;
  ignore?: string[];
  include?: string[];
  initial_sync?: boolean;
  exec?: Hook;
}

export interface Healthcheck {
  test?: string[];
  disable?: boolean;
  interval?: string;
  timeout?: string;
  start_period?: string;
  start_interval?: string;
  retries?: number;
}

export interface Hook {
  command?: string[] | null;
  image?: string;
  user?: string;
  privileged?: boolean;
  working_dir?: string;
  environment?: Record<string, string | null>;
  per_replica?: boolean;
}

export interface NetworkUse {
  aliases?: string[];
  interface_name?: string;
  ipv4_address?: string;
  ipv6_address?: string;
  link_local_ips?: string[];
  mac_address?: string;
  driver_opts?: Record<string, string>;
  priority?: number;
  gw_priority?: number;
}

export interface Port {
  name?: string;
  mode?: string;
  host_ip?: string;
  target: number;
  published?: string;
  protocol?: string;
  app_protocol?: string;
}

export interface Mount {
  type: 'bind' | 'volume' | 'tmpfs' | 'cluster' | 'npipe' | 'image';
  source?: string;
  target: string;
  read_only?: boolean;
  consistency?: string;
  bind?: { propagation?: string; create_host_path?: boolean; recursive?: string; selinux?: string };
  volume?: { labels?: Record<string, string>; nocopy?: boolean; subpath?: string };
  tmpfs?: { size?: string; mode?: number };
  image?: { subpath?: string };
}

export interface Network {
  name: string;
  driver?: string;
  driver_opts?: Record<string, string>;
  ipam?: {
    driver?: string;
    config?: { subnet?: string; ip_range?: string; gateway?: string; aux_addresses?: Record<string, string> }[];
    options?: Record<string, string>;
  };
  external?: boolean;
  internal?: boolean;
  attachable?: boolean;
  enable_ipv4?: boolean;
  enable_ipv6?: boolean;
  labels?: Record<string, string>;
}

export interface Volume {
  name: string;
  driver?: string;
  driver_opts?: Record<string, string>;
  external?: boolean;
  labels?: Record<string, string>;
}

/** A config or secret: exactly one of `file`, `environment`, `content`, unless external. */
export interface FileSource {
  name: string;
  file?: string;
  environment?: string;
  content?: string;
  external?: boolean;
  labels?: Record<string, string>;
  driver?: string;
  driver_opts?: Record<string, string>;
  template_driver?: string;
}

export interface Model {
  name?: string;
  model: string;
  context_size?: number;
  runtime_flags?: string[];
}

/** A project as its files say. */
export interface Project {
  name: string;
  /** Absolute. */
  workingDir: string;
  /** Absolute; `-` is stdin. */
  files: string[];
  envFiles: string[];
  /** Those that are active. */
  services: Record<string, Service>;
  /** Those whose profiles are not active. */
  disabled: Record<string, Service>;
  networks: Record<string, Network>;
  volumes: Record<string, Volume>;
  secrets: Record<string, FileSource>;
  configs: Record<string, FileSource>;
  models: Record<string, Model>;
  /** `x-` keys at the top. */
  extensions: Record<string, Plain>;
  variables: Variables;
  /** The same values with where they come from. */
  tree: Mapping;
}
