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
  const twice = config.hosts.find((host, index) => config.hosts.indexOf(host) < index);
  if (twice !== undefined) problems.push(`"hosts": ${twice} stands there twice`);
  if (config.hosts.length === 0) problems.push('"hosts" is empty: there is no address to listen on');
  return problems;
}
