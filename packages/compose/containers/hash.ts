import { createHash } from 'node:crypto';
import type { Plain } from '../load/node.ts';
import type { Network, Project, Service, Volume } from '../model.ts';

/** Says nothing about one container. */
const NOT_OF_A_CONTAINER = new Set([
  'build',
  'depends_on',
  'develop',
  'profiles',
  'pull_policy',
  'pull_refresh_after',
  'scale',
  'attach',
  'provider',
  'post_start',
  'pre_start',
  'pre_stop',
]);

/** What a container of this service is made of: the service's fields that matter for it, and the contents it is given. */
export function containerConfig(project: Project, service: Service): Record<string, Plain> {
  const made: Record<string, Plain> = {};
  for (const [key, value] of Object.entries(service) as [string, Plain][])
    if (!NOT_OF_A_CONTAINER.has(key) && !key.startsWith('x-') && !isEmpty(value)) made[key] = value;
  const { replicas: _, ...deploy } = (service.deploy ?? {}) as Record<string, Plain>;
  if (Object.keys(deploy).length) made.deploy = deploy;
  else delete made.deploy;
  for (const kind of ['configs', 'secrets'] as const)
    for (const { source } of service[kind] ?? []) {
      const given = project[kind][source];
      const text = given?.content ?? (given?.environment && project.variables.get(given.environment)?.value);
      if (text !== undefined) made[`${kind}.${source}`] = `sha256:${sha256(text)}`;
    }
  return made;
}

function isEmpty(value: Plain): boolean {
  return value === null || (typeof value === 'object' && Object.keys(value).length === 0);
}

/** sha256 of the configuration, whatever the order of its keys. */
export function hashOf(config: Plain): string {
  return sha256(canonicalJson(config));
}

export function networkHash({
  name,
  driver,
  driver_opts,
  ipam,
  internal,
  attachable,
  enable_ipv4,
  enable_ipv6,
  labels,
}: Network): string {
  return hashOf(plainOf({ name, driver, driver_opts, ipam, internal, attachable, enable_ipv4, enable_ipv6, labels }));
}

export function volumeHash({ name, driver, driver_opts, labels }: Volume): string {
  return hashOf(plainOf({ name, driver, driver_opts, labels }));
}

function plainOf(value: object): Plain {
  return JSON.parse(JSON.stringify(value)) as Plain;
}

/** JSON with sorted keys. */
export function canonicalJson(value: Plain): string {
  if (Array.isArray(value)) return `[${value.map(canonicalJson).join(',')}]`;
  if (typeof value !== 'object' || value === null) return JSON.stringify(value);
  const pairs = Object.keys(value)
    .sort()
    .map((key) => `${JSON.stringify(key)}:${canonicalJson(value[key] ?? null)}`);
  return `{${pairs.join(',')}}`;
}

function sha256(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}
