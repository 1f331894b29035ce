import { inPlaceOf, list, mapping, type Node, scalar, textOf, valueText } from '../load/node.ts';
import * as form from './forms.ts';
import { path, pathOrAddress } from './paths.ts';
import { ports } from './ports.ts';
import { device, mounts } from './volumes.ts';

const {
  bool,
  byName,
  command,
  duration,
  each,
  fields,
  fullPairs,
  integer,
  number,
  pairs,
  shortAs,
  size,
  string,
  strings,
} = form;

/** `all` is -1. */
const count: form.Form = (node, where, context) =>
  node.kind === 'scalar' && node.value === 'all' ? { ...node, value: -1 } : integer(node, where, context);

const deviceRequest = fields({ count, capabilities: strings, device_ids: strings, options: fullPairs });

/** `all` → one request for all of them. */
const gpus: form.Form = (node, where, context) => {
  if (node.kind !== 'scalar') return each(deviceRequest)(node, where, context);
  return inPlaceOf(node, list(node.source, [mapping(node.source, [['count', scalar(node.source, -1)]])]));
};

/** `HOST=IP`, `HOST:IP` or a mapping → host to its addresses. */
export const extraHosts: form.Form = (node) => {
  const made = inPlaceOf(node, mapping(node.source));
  const add = (host: string, address: Node) => {
    const known = made.entries.get(host);
    const items = known?.kind === 'list' ? known.items : [];
    made.entries.set(host, { ...list(address.source, [...items, address]), key: address.source });
  };
  if (node.kind === 'map')
    for (const [host, value] of node.entries)
      for (const item of value.kind === 'list' ? value.items : [value]) add(host, bare(item));
  if (node.kind === 'list')
    for (const item of node.items) {
      const [, host = textOf(item), address = ''] = /^([^=:]+)[=:](.*)$/s.exec(textOf(item)) ?? [];
      add(host.trim(), bare(scalar(item.source, address.trim())));
    }
  return made;
};

/** An IPv6 address may stand in brackets. */
function bare(node: Node): Node {
  return node.kind === 'scalar' ? { ...node, value: valueText(node.value).replace(/^\[(.*)\]$/, '$1') } : node;
}

const ulimits = form.values((node, where, context) =>
  node.kind === 'map' ? fields({ soft: integer, hard: integer })(node, where, context) : integer(node, where, context),
);

const grants = each(shortAs('source', { target: string, uid: string, gid: string, mode: form.mode }));

const hook = fields({
  command,
  user: string,
  privileged: bool,
  working_dir: string,
  environment: pairs,
  per_replica: bool,
});

/** Services by name in a list → with the plain condition. */
const dependsOn = byName(
  (item) =>
    mapping(item.source, [
      ['condition', scalar(item.source, 'service_started')],
      ['required', scalar(item.source, true)],
    ]),
  (node) => {
    if (node.kind !== 'map') return node;
    const made = { ...node, entries: new Map(node.entries) };
    if (!made.entries.has('required')) made.entries.set('required', scalar(node.source, true));
    return fields({ restart: bool, required: bool })(made, '', UNUSED);
  },
);

const UNUSED: form.FormContext = { workingDir: '', resolvePaths: false, home: '' };

const envFiles: form.Form = (node, where, context) => {
  const many =
    node.kind === 'list'
      ? node
      : inPlaceOf(node, list(node.source, node.kind === 'scalar' && node.value === null ? [] : [node]));
  const made = each(shortAs('path', { path, required: bool }))(many, where, context);
  if (made.kind !== 'list') return made;
  for (const item of made.items)
    if (item.kind === 'map' && !item.entries.has('required')) item.entries.set('required', scalar(item.source, true));
  return made;
};

const paths: form.Form = (node, where, context) => each(path)(strings(node, where, context), where, context);

export const build = shortAs('context', {
  context: pathOrAddress,
  args: pairs,
  ssh: (node) => (node.kind === 'map' ? sshList(node) : strings(node, '', UNUSED)),
  labels: fullPairs,
  cache_from: strings,
  cache_to: strings,
  no_cache: bool,
  no_cache_filter: strings,
  additional_contexts: (node, where, context) =>
    form.values(pathOrAddress)(fullPairs(node, where, context), where, context),
  pull: bool,
  privileged: bool,
  shm_size: size,
  extra_hosts: extraHosts,
  secrets: grants,
  tags: strings,
  ulimits,
  platforms: strings,
});

/** `{default: , id: path}` → `[default, id=path]` */
function sshList(node: Node & { kind: 'map' }): Node {
  const items = [...node.entries].map(([key, value]) => {
    const text = value.kind === 'scalar' ? valueText(value.value) : '';
    return scalar(value.source, text === '' ? key : `${key}=${text}`);
  });
  return inPlaceOf(node, list(node.source, items));
}

const updateConfig = fields({ parallelism: integer, delay: duration, monitor: duration, max_failure_ratio: number });
const limits = fields({ cpus: number, memory: size, pids: integer, devices: each(deviceRequest) });

const deploy = fields({
  replicas: integer,
  labels: fullPairs,
  update_config: updateConfig,
  rollback_config: updateConfig,
  resources: fields({ limits, reservations: limits }),
  restart_policy: fields({ delay: duration, window: duration, max_attempts: integer }),
});

const healthcheck = fields({
  test: form.healthTest,
  disable: bool,
  interval: duration,
  timeout: duration,
  start_period: duration,
  start_interval: duration,
  retries: integer,
});

const rates = each(fields({ rate: size }));
const network = fields({
  aliases: strings,
  link_local_ips: strings,
  driver_opts: fullPairs,
  priority: integer,
  gw_priority: integer,
});

/** `service:NAME` is the old way to write the name of a service. */
const volumesFrom: form.Form = (node, where, context) => {
  const made = strings(node, where, context);
  if (made.kind !== 'list') return made;
  return {
    ...made,
    items: made.items.map((item) => ({ ...item, ...scalar(item.source, textOf(item).replace(/^service:/, '')) })),
  };
};

/** `{}` says as little as nothing. */
function emptyAsNothing(below: form.Form): form.Form {
  return (node, where, context) =>
    node.kind === 'map' && node.entries.size === 0
      ? inPlaceOf(node, scalar(node.source, null))
      : below(node, where, context);
}

/** Short forms of a service's values → the long ones of the model. Keys without an entry have one form only. */
export const service = fields({
  annotations: fullPairs,
  attach: bool,
  blkio_config: fields({
    weight: integer,
    weight_device: each(fields({ weight: integer })),
    device_read_bps: rates,
    device_write_bps: rates,
    device_read_iops: rates,
    device_write_iops: rates,
  }),
  build,
  cap_add: strings,
  cap_drop: strings,
  command,
  configs: grants,
  cpu_count: integer,
  cpu_percent: number,
  cpu_period: form.microseconds,
  cpu_quota: integer,
  cpu_rt_period: form.microseconds,
  cpu_rt_runtime: form.microseconds,
  cpu_shares: integer,
  cpus: number,
  credential_spec: fields({ file: path }),
  depends_on: dependsOn,
  deploy,
  develop: fields({
    watch: each(fields({ path, ignore: strings, include: strings, exec: hook })),
  }),
  device_cgroup_rules: strings,
  devices: each(device),
  dns: strings,
  dns_opt: strings,
  dns_search: strings,
  entrypoint: command,
  env_file: envFiles,
  environment: pairs,
  expose: strings,
  external_links: strings,
  extra_hosts: extraHosts,
  gpus,
  group_add: strings,
  healthcheck,
  image: string,
  init: bool,
  label_file: paths,
  labels: fullPairs,
  links: strings,
  logging: fields({ options: fullPairs }),
  mem_limit: size,
  mem_reservation: size,
  mem_swappiness: integer,
  memswap_limit: size,
  models: byName((item) => scalar(item.source, null)),
  networks: byName((item) => scalar(item.source, null), emptyAsNothing(network)),
  oom_kill_disable: bool,
  oom_score_adj: integer,
  pids_limit: integer,
  ports,
  post_start: each(hook),
  pre_start: each(hook),
  pre_stop: each(hook),
  privileged: bool,
  profiles: strings,
  read_only: bool,
  scale: integer,
  secrets: grants,
  security_opt: strings,
  shm_size: size,
  stdin_open: bool,
  stop_grace_period: duration,
  storage_opt: fullPairs,
  sysctls: fullPairs,
  tmpfs: strings,
  tty: bool,
  ulimits,
  user: string,
  volumes: mounts,
  volumes_from: volumesFrom,
});
