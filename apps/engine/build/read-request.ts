import { BerthError } from '@berth/kit';
import { isObject, parseReference, type Reference, withDefaultTag } from '@berth/oci';
import type { BuildOutput, BuildRequest } from './model.ts';
import type { BuildSession } from './session/index.ts';

/** The query of `POST /build`. */
export interface BuildQuery {
  text(name: string): string;
  all(name: string): string[];
  flag(name: string): boolean;
  integer(name: string): number | undefined;
  has(name: string): boolean;
  /** `X-Registry-Config`. */
  registryConfig: string | undefined;
}

/** Reads what a build is asked for. Errors: invalid, with Docker's sentences; not-supported, naming the option. */
export function readBuildRequest(query: BuildQuery, session: () => BuildSession | undefined): BuildRequest {
  const version = query.text('version') || '1';
  if (version !== '1' && version !== '2') throw new BerthError('invalid', `invalid version ${version}`);
  const isolation = query.text('isolation');
  if (!['', 'default', 'process'].includes(isolation.toLowerCase()))
    throw new BerthError('invalid', `Unsupported isolation: "${isolation}"`);
  const request = {
    tags: tagsOf(query.all('t')),
    dockerfile: query.text('dockerfile') || 'Dockerfile',
    remote: query.text('remote'),
    quiet: query.flag('q'),
    noCache: query.flag('nocache'),
    pull: query.flag('pull'),
    remove: !query.has('rm') || query.flag('rm'),
    forceRemove: query.flag('forcerm'),
    buildArgs: textsOf(query.text('buildargs'), 'error reading build args', true),
    labels: textsOf(query.text('labels'), 'error reading labels') as Record<string, string>,
    target: query.text('target'),
    squash: query.flag('squash'),
    platform: query.text('platform'),
    cacheFrom: listOf(query.text('cachefrom'), 'error reading cache-from'),
    outputs: outputsOf(query.text('outputs')),
    version,
    id: query.text('buildid'),
    run: runSettings(query),
    registryAuth: registryAuthOf(query.registryConfig),
  } as const;
  return { ...request, session: session() };
}

function runSettings(query: BuildQuery): BuildRequest['run'] {
  const number = (name: string) => query.integer(name) ?? 0;
  return {
    NetworkMode: query.text('networkmode'),
    ExtraHosts: valuesOf(query, 'extrahosts', 'error reading extra hosts'),
    Memory: number('memory'),
    MemorySwap: number('memswap'),
    CpuShares: number('cpushares'),
    CpuPeriod: number('cpuperiod'),
    CpuQuota: number('cpuquota'),
    CpusetCpus: query.text('cpusetcpus'),
    CpusetMems: query.text('cpusetmems'),
    CgroupParent: query.text('cgroupparent'),
    ShmSize: number('shmsize'),
    Ulimits: objectsOf(query.text('ulimits'), 'error reading ulimit settings'),
    SecurityOpt: valuesOf(query, 'securityopt', 'error reading security options'),
  };
}

/** `["name:address"]` in JSON, as the documentation has it, or one value after the other, as clients send them. */
function valuesOf(query: BuildQuery, name: string, error: string): string[] {
  return query.all(name).flatMap((value) => {
    if (value === '') return [];
    return value.startsWith('[') ? listOf(value, error) : [value];
  });
}

/** Errors: invalid for what is no name; a digest cannot be given. */
function tagsOf(values: readonly string[]): Reference[] {
  const tags = new Map<string, Reference>();
  for (const value of values) {
    if (value === '') continue;
    const reference = parseReference(value);
    if (reference.digest !== undefined) throw new BerthError('invalid', 'build tag cannot contain a digest');
    const whole = withDefaultTag(reference);
    tags.set(`${whole.domain}/${whole.path}:${whole.tag}`, whole);
  }
  return [...tags.values()];
}

function parse(text: string, what: string): unknown {
  if (text === '') return undefined;
  try {
    return JSON.parse(text);
  } catch (cause) {
    const why = /end of JSON|Unterminated|Expected/.test(String(cause))
      ? 'unexpected end of JSON input'
      : cause instanceof Error
        ? cause.message
        : String(cause);
    throw new BerthError('invalid', `${what}: ${why}`, { cause });
  }
}

function textsOf(text: string, what: string, allowNull = false): Record<string, string | null> {
  const value = parse(text, what);
  if (value === undefined || value === null) return {};
  const isRight = (one: unknown) => typeof one === 'string' || (allowNull && one === null);
  if (!isObject(value) || !Object.values(value).every(isRight))
    throw new BerthError('invalid', `${what}: it must be an object of strings`);
  return value as Record<string, string | null>;
}

function listOf(text: string, what: string): string[] {
  const value = parse(text, what) ?? [];
  if (!Array.isArray(value) || !value.every((one) => typeof one === 'string'))
    throw new BerthError('invalid', `${what}: it must be a list of strings`);
  return value;
}

function objectsOf(text: string, what: string): object[] {
  const value = parse(text, what) ?? [];
  if (!Array.isArray(value) || !value.every(isObject))
    throw new BerthError('invalid', `${what}: it must be a list of objects`);
  return value;
}

/** `[{"Type": "image", "Attrs": {…}}]`. */
function outputsOf(text: string): BuildOutput[] {
  return objectsOf(text, 'error reading outputs').map((output) => {
    const { Type, Attrs } = output as { Type?: unknown; Attrs?: unknown };
    const attributes = isObject(Attrs) ? Attrs : {};
    const type = typeof Type === 'string' ? Type : '';
    if (!['', 'image', 'moby'].includes(type))
      throw new BerthError(
        'not-supported',
        `output type ${type} is written by the client: build with berth build --output`,
      );
    const [first] = Object.keys(attributes);
    if (first !== undefined)
      throw new BerthError('not-supported', `attribute ${first} of an output is not supported: name the image with t`);
    return { type };
  });
}

const CONFIG_MAX = 1024 * 1024;
/** The hub as credential stores call it. */
const HUB = /^(?:https?:\/\/)?(?:index\.|registry-1\.)?docker\.io(?:\/.*)?$/;

/** Registry host → AuthConfig. What cannot be read is no reason to refuse a build of public images, as with Docker. */
function registryAuthOf(header: string | undefined): Record<string, object> {
  if (header === undefined || header === '' || header.length > CONFIG_MAX) return {};
  let value: unknown;
  try {
    value = JSON.parse(Buffer.from(header, 'base64url').toString('utf8'));
  } catch {
    return {};
  }
  if (!isObject(value)) return {};
  const entries = Object.entries(value).filter((entry): entry is [string, object] => isObject(entry[1]));
  return Object.fromEntries(
    entries.map(([host, auth]) => [
      HUB.test(host) ? 'docker.io' : host.replace(/^https?:\/\//, '').split('/')[0]!,
      auth,
    ]),
  );
}
