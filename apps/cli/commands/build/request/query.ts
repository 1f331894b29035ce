import type { Query } from '@berth/client';
import { CliError } from '../../../cli-error.ts';
import type { Context } from '../../../context.ts';
import { parseSize } from '../../../flags/size.ts';
import type { FlagValues } from '../../../flags/values.ts';
import { readPairs, splitPair } from '../../container/options/environment.ts';
import { proxyEnv } from '../../container/options/proxies.ts';
import { readSecurity } from '../../container/options/security.ts';
import { readUlimits } from '../../container/options/ulimit.ts';

/** The query of `POST /build` from the flags, as Docker's classic client sends it. Throws CliError. */
export function buildQuery(
  flags: FlagValues,
  context: Pick<Context, 'env' | 'config' | 'host'>,
  dockerfile: string,
): Query {
  const network = flags.string('network');
  const isolation = flags.string('isolation');
  const ulimits = readUlimits(flags.list('ulimit')).map(({ Name, Hard, Soft }) => ({ Name, Hard, Soft }));
  const labels = sorted(readPairs(flags.list('label')));
  const args = buildArgs(flags, context);
  const images = cacheImages(flags);
  return {
    dockerfile,
    t: flags.list('tag'),
    q: flags.bool('quiet'),
    nocache: flags.bool('no-cache'),
    pull: flags.bool('pull'),
    rm: flags.bool('rm') ? '' : 0,
    forcerm: flags.bool('force-rm'),
    squash: flags.bool('squash'),
    target: flags.string('target'),
    platform: platform(flags, context),
    networkmode: network === 'default' ? '' : network,
    extrahosts: flags.list('add-host'),
    isolation: isolation === 'default' ? '' : isolation,
    securityopt: readSecurity(flags.list('security-opt')).options,
    ...resources(flags),
    buildargs: Object.keys(args).length ? args : undefined,
    labels: Object.keys(labels).length ? labels : undefined,
    cachefrom: images.length ? JSON.stringify(images) : '',
    ulimits: ulimits.length ? JSON.stringify(ulimits) : '',
    version: 1,
  };
}

/** Names of `--cache-from` without attributes; those with are `attributeLists`. */
function cacheImages(flags: FlagValues): string[] {
  return flags
    .list('cache-from')
    .filter((text) => !text.includes('='))
    .flatMap((text) => text.split(','));
}

/** A value without `=` is the environment's here, or taken away when there is none. */
function buildArgs(
  flags: FlagValues,
  { env, config, host }: Pick<Context, 'env' | 'config' | 'host'>,
): Record<string, string | null> {
  const given = flags.list('build-arg');
  const pairs = given.map((text): [string, string | null] =>
    text.includes('=') ? splitPair(text) : [text, env[text] ?? null],
  );
  return sorted(Object.fromEntries([...proxyEnv(config, host, given).map(splitPair), ...pairs]));
}

function platform(flags: FlagValues, { env }: Pick<Context, 'env'>): string {
  const given = flags.list('platform').flatMap((text) => text.split(','));
  const all = new Set(given.length ? given : [env.DOCKER_DEFAULT_PLATFORM ?? '']);
  if (all.size > 1) throw new CliError('multiple platforms feature is currently not supported: build them one by one');
  return [...all].join('').toLowerCase();
}

const RESOURCES: Readonly<Record<string, string>> = {
  memory: 'memory',
  'memory-swap': 'memswap',
  'cpu-shares': 'cpushares',
  'cpu-period': 'cpuperiod',
  'cpu-quota': 'cpuquota',
  'cpuset-cpus': 'cpusetcpus',
  'cpuset-mems': 'cpusetmems',
};

/** The classic flags, and the same by `--resource NAME=VALUE`. */
function resources(flags: FlagValues): Query {
  const query: Query = {
    memory: flags.number('memory') || '',
    memswap: flags.number('memory-swap') || '',
    cpushares: flags.number('cpu-shares') || '',
    cpuperiod: flags.number('cpu-period') || '',
    cpuquota: flags.number('cpu-quota') || '',
    cpusetcpus: flags.string('cpuset-cpus'),
    cpusetmems: flags.string('cpuset-mems'),
    cgroupparent: flags.string('cgroup-parent'),
    shmsize: flags.number('shm-size') || '',
  };
  for (const text of flags.list('resource').flatMap((list) => list.split(','))) {
    const [name, value] = splitPair(text);
    const key = RESOURCES[name];
    if (!key) throw new CliError(`invalid value for --resource: unknown resource ${JSON.stringify(name)}`);
    query[key] = resourceValue(name, value);
  }
  return query;
}

function resourceValue(name: string, value: string): string | number {
  if (name.startsWith('cpuset')) return value;
  try {
    if (name.startsWith('memory')) return value === '-1' ? -1 : parseSize(value);
    if (!/^-?\d+$/.test(value)) throw new Error('not a whole number');
    return Number(value);
  } catch (error) {
    throw new CliError(`invalid value for --resource ${name}: ${error instanceof Error ? error.message : value}`);
  }
}

function sorted<T>(pairs: Record<string, T>): Record<string, T> {
  return Object.fromEntries(Object.entries(pairs).sort(([a], [b]) => (a < b ? -1 : 1)));
}
