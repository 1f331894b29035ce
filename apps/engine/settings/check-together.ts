import { isDeepStrictEqual } from 'node:util';
import { DEFAULT_CONFIG, type EngineConfig } from '../config.ts';
import { FIELDS, settingOf } from './table/index.ts';

/** Sentences about settings that are right in themselves and wrong together, or not taken yet. */
export function checkTogether(config: EngineConfig): string[] {
  const problems: string[] = [];
  for (const field of FIELDS) {
    const { key, refused } = settingOf(field);
    if (refused !== undefined && !isDeepStrictEqual(config[field], DEFAULT_CONFIG[field]))
      problems.push(`"${key}" is not supported: ${refused}`);
  }
  if (config.dataRoot === config.execRoot)
    problems.push(`"data-root" and "exec-root" are both ${config.dataRoot}: what runs and what stays lie apart`);
  const labels = new Map<string, string>();
  for (const label of config.labels) {
    const key = label.slice(0, label.indexOf('='));
    if (labels.has(key) && labels.get(key) !== label)
      problems.push(`conflict labels for ${label} and ${labels.get(key)}`);
    labels.set(key, label);
  }
  for (const name of ['crun', 'runc'])
    if (config.runtimes[name] !== undefined)
      problems.push(`"runtimes": "${name}" is reserved: it is the program of that name in PATH`);
  const known = ['crun', 'runc', ...Object.keys(config.runtimes)];
  if (config.defaultRuntime !== undefined && !known.includes(config.defaultRuntime))
    problems.push(
      `"default-runtime": the runtime "${config.defaultRuntime}" is not registered: known are ${known.join(', ')}`,
    );
  if (!config.ipv6)
    for (const field of ['bridgeSubnet6', 'fixedCidr6', 'defaultGateway6'] as const)
      if (config[field] !== undefined) problems.push(`"${settingOf(field).key}" needs "ipv6": true`);
  const families = config.hostGatewayIps.map((ip) => (ip.includes(':') ? 6 : 4));
  if (families.length !== new Set(families).size)
    problems.push('"host-gateway-ips": at most one address of each family');
  problems.push(...clusterProblems(config));
  const twice = config.hosts.find((host, index) => config.hosts.indexOf(host) < index);
  if (twice !== undefined) problems.push(`"hosts": ${twice} stands there twice`);
  if (config.hosts.length === 0) problems.push('"hosts" is empty: there is no address to listen on');
  return problems;
}

function clusterProblems({ clusterStore, clusterStoreOpts, clusterAdvertise, overlayPort }: EngineConfig): string[] {
  if (clusterStore === undefined) {
    const given = [
      ...(Object.keys(clusterStoreOpts).length > 0 ? ['cluster-store-opts'] : []),
      ...(clusterAdvertise === DEFAULT_CONFIG.clusterAdvertise ? [] : ['cluster-advertise']),
      ...(overlayPort === DEFAULT_CONFIG.overlayPort ? [] : ['overlay-port']),
    ];
    return given.map((key) => `"${key}" needs "cluster-store"`);
  }
  const files = ['kv.cacertfile', 'kv.certfile', 'kv.keyfile'].filter((key) => key in clusterStoreOpts);
  const problems: string[] = [];
  if (clusterStore.startsWith('http://') && files.length > 0)
    problems.push(`"cluster-store-opts": ${files.join(', ')} have no effect on http://: use etcd:// or https://`);
  if ('kv.certfile' in clusterStoreOpts !== 'kv.keyfile' in clusterStoreOpts)
    problems.push('"cluster-store-opts": kv.certfile and kv.keyfile are of use only together');
  return problems;
}
