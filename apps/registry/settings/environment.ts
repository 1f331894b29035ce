import { BerthError } from '@berth/kit';
import { isObject } from '@berth/oci';

type Document = Record<string, unknown>;

/** Of `REGISTRY_PROXY_TTL` where only an upstream is named. */
const PROXY_TTL = '168h';

/** Where Docker's registry keeps its settings: a file there was meant to count. */
const FOREIGN_FILE = '/etc/docker/registry/config.yml';
/** What Kubernetes sets for a service of this name is not about settings. */
const OF_KUBERNETES = /^REGISTRY_(?:SERVICE|PORT)(?:_|$)/;

/** Settings of Docker's registry as environment variables → our document. `{}` takes no part in it. */
export const VARIABLES: Readonly<Record<string, (value: string, all: NodeJS.ProcessEnv) => Document>> = {
  REGISTRY_HTTP_ADDR: (listen) => ({ listen }),
  REGISTRY_HTTP_HOST: (url) => ({ url: url.replace(/\/$/, '') }),
  REGISTRY_HTTP_NET: (value) => only('REGISTRY_HTTP_NET', value, ['tcp']),
  // Locations have no host here.
  REGISTRY_HTTP_RELATIVEURLS: (value) => only('REGISTRY_HTTP_RELATIVEURLS', value, ['true']),
  REGISTRY_HTTP_HTTP2_DISABLED: (value) => only('REGISTRY_HTTP_HTTP2_DISABLED', value, ['true']),
  // Signs states of uploads there; ours need none.
  REGISTRY_HTTP_SECRET: () => ({}),
  REGISTRY_HTTP_TLS_CERTIFICATE: (certificate) => ({ tls: { certificate } }),
  REGISTRY_HTTP_TLS_KEY: (key) => ({ tls: { key } }),
  REGISTRY_HTTP_TLS_MINIMUMTLS: (value) => ({ tls: { minVersion: value.replace(/^tls/, '') } }),
  REGISTRY_HTTP_DEBUG_ADDR: (listen) => ({ watch: { listen: listen.replace(/^:/, '0.0.0.0:') } }),
  // The paths are /healthz, /readyz and /metrics, whenever there is an address.
  REGISTRY_HTTP_DEBUG_PROMETHEUS_ENABLED: () => ({}),
  REGISTRY_LOG_LEVEL: (level) => ({ log: { level } }),
  REGISTRY_LOG_FORMATTER: (format) => ({ log: { format } }),
  REGISTRY_STORAGE: (kind) => only('REGISTRY_STORAGE', kind, ['filesystem', 's3']),
  REGISTRY_STORAGE_FILESYSTEM_ROOTDIRECTORY: (root) => ({ root }),
  REGISTRY_STORAGE_DELETE_ENABLED: (value) => ({ delete: isTrue('REGISTRY_STORAGE_DELETE_ENABLED', value) }),
  // There a cache of sizes in memory; here nothing is read that would need one.
  REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR: (kind) => only('REGISTRY_STORAGE_CACHE_BLOBDESCRIPTOR', kind, ['inmemory']),
  // Clients get all bytes from here, never from the bucket.
  REGISTRY_STORAGE_REDIRECT_DISABLE: (value) => only('REGISTRY_STORAGE_REDIRECT_DISABLE', value, ['true']),
  REGISTRY_STORAGE_S3_REGIONENDPOINT: (endpoint, all) => ({ storage: { s3: { endpoint: endpointOf(endpoint, all) } } }),
  REGISTRY_STORAGE_S3_SECURE: (value) => only('REGISTRY_STORAGE_S3_SECURE', value, ['true', 'false']),
  REGISTRY_STORAGE_S3_V4AUTH: (value) => only('REGISTRY_STORAGE_S3_V4AUTH', value, ['true']),
  REGISTRY_STORAGE_S3_FORCEPATHSTYLE: (value) => only('REGISTRY_STORAGE_S3_FORCEPATHSTYLE', value, ['true']),
  REGISTRY_STORAGE_S3_ENCRYPT: (value) => only('REGISTRY_STORAGE_S3_ENCRYPT', value, ['false']),
  REGISTRY_STORAGE_S3_SKIPVERIFY: (value) => only('REGISTRY_STORAGE_S3_SKIPVERIFY', value, ['false']),
  REGISTRY_STORAGE_S3_CHUNKSIZE: (partSize) => ({ storage: { s3: { partSize } } }),
  REGISTRY_STORAGE_S3_REGION: (region) => ({ storage: { s3: { region } } }),
  REGISTRY_STORAGE_S3_BUCKET: (bucket) => ({ storage: { s3: { bucket } } }),
  REGISTRY_STORAGE_S3_ACCESSKEY: (accessKeyId) => ({ storage: { s3: { accessKeyId } } }),
  REGISTRY_STORAGE_S3_SECRETKEY: (secretAccessKey) => ({ storage: { s3: { secretAccessKey } } }),
  REGISTRY_STORAGE_S3_ROOTDIRECTORY: (prefix) => ({ storage: { s3: { prefix: prefix.replace(/^\/+|\/+$/g, '') } } }),
  REGISTRY_AUTH: (kind) => only('REGISTRY_AUTH', kind, ['htpasswd', 'token', 'none']),
  REGISTRY_AUTH_HTPASSWD_REALM: (service) => ({ access: { service } }),
  REGISTRY_AUTH_HTPASSWD_PATH: (htpasswd) => ({ access: { htpasswd } }),
  REGISTRY_AUTH_TOKEN_REALM: (realm) => ({ access: { issuer: { realm } } }),
  REGISTRY_AUTH_TOKEN_SERVICE: (service) => ({ access: { issuer: { service } } }),
  REGISTRY_AUTH_TOKEN_ISSUER: (issuer) => ({ access: { issuer: { issuer } } }),
  REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE: (keys) => ({ access: { issuer: { keys } } }),
  REGISTRY_AUTH_TOKEN_JWKS: (keys) => ({ access: { issuer: { keys } } }),
  REGISTRY_PROXY_REMOTEURL: (url, all) => ({ upstreams: [upstream(url, all)] }),
  REGISTRY_PROXY_USERNAME: () => ({}),
  REGISTRY_PROXY_PASSWORD: () => ({}),
  // When what was fetched goes; 0 is never.
  REGISTRY_PROXY_TTL: (time) => (time === '' ? {} : expiring(time)),
};

/**
 * The document of settings with what variables named as those of Docker's registry say over it (`REGISTRY_…`). Errors:
 * invalid, for variables that mean something there and nothing here, or nothing without another, and for a file that
 * Docker's registry would read, where `exists` says it is there: nothing is silently ignored.
 */
export function withEnvironment(document: unknown, env: NodeJS.ProcessEnv, exists: (path: string) => boolean): unknown {
  if (exists(FOREIGN_FILE)) {
    throw new BerthError('invalid', `${FOREIGN_FILE} is a file of Docker's registry, which is not read here`, {
      hint: 'Give the same as variables (REGISTRY_…) or as /etc/berth/registry.json (docs/reference/registry-json.md), and take it away; or name a file with --config.',
    });
  }
  let merged = document;
  for (const [name, value] of Object.entries(env).sort()) {
    if (!name.startsWith('REGISTRY_') || OF_KUBERNETES.test(name) || value === undefined) continue;
    const meaning = Object.hasOwn(VARIABLES, name) ? VARIABLES[name] : undefined;
    if (meaning === undefined)
      throw new BerthError('invalid', `the variable ${name} is not known`, {
        hint: 'Settings that have no variable are written in /etc/berth/registry.json (docs/reference/registry-json.md).',
      });
    merged = merge(merged, meaning(value, env));
  }
  merged = withAmazon(merged, env);
  checkWhole(merged, env);
  // Docker's registry has an end of what it fetched also where nothing is said.
  const isSaid = env['REGISTRY_PROXY_TTL'] || at(merged, 'fetched', 'unusedAfter') !== undefined;
  return env['REGISTRY_PROXY_REMOTEURL'] && !isSaid ? merge(merged, expiring(PROXY_TTL)) : merged;
}

/**
 * A setting without what it is nothing without: the registry would be open to everybody, or keep its content elsewhere
 * than was meant. What the variables lack may be in the document. Errors: invalid, naming the variable.
 */
function checkWhole(document: unknown, env: NodeJS.ProcessEnv): void {
  const need = (variable: string, what: string) => {
    throw new BerthError('invalid', `${what} needs the variable ${variable}`);
  };
  checkOne(document, env);
  const auth = env['REGISTRY_AUTH'];
  for (const [meant, what] of [
    [auth === 'htpasswd', 'REGISTRY_AUTH=htpasswd'],
    [env['REGISTRY_AUTH_HTPASSWD_REALM'] !== undefined, 'REGISTRY_AUTH_HTPASSWD_REALM'],
  ] as const)
    if (meant && at(document, 'access', 'htpasswd') === undefined) need('REGISTRY_AUTH_HTPASSWD_PATH', what);
  if (auth === 'token')
    for (const [member, variable] of OF_TOKENS)
      if (at(document, 'access', 'issuer', member) === undefined) need(variable, 'REGISTRY_AUTH=token');
  const storage = env['REGISTRY_STORAGE'];
  if (storage === 's3')
    for (const [member, variable] of OF_S3)
      if (at(document, 'storage', 's3', member) === undefined) need(variable, 'REGISTRY_STORAGE=s3');
  if (!env['REGISTRY_PROXY_REMOTEURL'])
    for (const name of ['REGISTRY_PROXY_USERNAME', 'REGISTRY_PROXY_PASSWORD', 'REGISTRY_PROXY_TTL'])
      if (env[name]) need('REGISTRY_PROXY_REMOTEURL', name);
  const { REGISTRY_PROXY_USERNAME: username, REGISTRY_PROXY_PASSWORD: password } = env;
  if (password && !username) need('REGISTRY_PROXY_USERNAME', 'REGISTRY_PROXY_PASSWORD');
  if (username && !password) need('REGISTRY_PROXY_PASSWORD', 'REGISTRY_PROXY_USERNAME');
}

/** Of two settings that say different things, neither is silently lost. Errors: invalid. */
function checkOne(document: unknown, env: NodeJS.ProcessEnv): void {
  if (env['REGISTRY_STORAGE'] === 'filesystem' && at(document, 'storage', 's3') !== undefined)
    throw new BerthError('invalid', 'REGISTRY_STORAGE=filesystem says files, and other settings name a bucket');
  const users = at(document, 'access', 'htpasswd') ?? at(document, 'access', 'issuer');
  if (env['REGISTRY_AUTH'] === 'none' && users !== undefined)
    throw new BerthError('invalid', 'REGISTRY_AUTH=none says that anybody may come in, and other settings name users');
  const [keys, set] = [env['REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE'], env['REGISTRY_AUTH_TOKEN_JWKS']];
  if (keys !== undefined && set !== undefined)
    throw new BerthError(
      'invalid',
      'the keys of a token service are one file here: REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE or REGISTRY_AUTH_TOKEN_JWKS',
    );
}

function at(document: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>((value, name) => (isObject(value) ? value[name] : undefined), document);
}

/** When what was fetched goes, after a time in which nobody used it. */
function expiring(time: string): Document {
  return { fetched: { unusedAfter: /^0+[a-zµ]*$/.test(time) ? undefined : time } };
}

/** `HOST:PORT` alone is over TLS, unless something else is said. Errors: invalid, when both say something else. */
function endpointOf(endpoint: string, { REGISTRY_STORAGE_S3_SECURE: secure }: NodeJS.ProcessEnv): string {
  if (!endpoint.includes('://')) return `${secure === 'false' ? 'http' : 'https'}://${endpoint}`;
  if (secure === undefined || endpoint.startsWith('https:') === (secure === 'true')) return endpoint;
  throw new BerthError('invalid', `REGISTRY_STORAGE_S3_SECURE=${secure} is not what the endpoint ${endpoint} says`);
}

/** A bucket without an endpoint is one of Amazon's. */
function withAmazon(document: unknown, env: NodeJS.ProcessEnv): unknown {
  const { REGISTRY_STORAGE_S3_BUCKET: bucket, REGISTRY_STORAGE_S3_REGION: region } = env;
  if (!bucket || !region || at(document, 'storage', 's3', 'endpoint') !== undefined) return document;
  const domain = region.startsWith('cn-') ? 'amazonaws.com.cn' : 'amazonaws.com';
  return merge(document, { storage: { s3: { endpoint: endpointOf(`s3.${region}.${domain}`, env) } } });
}

const OF_TOKENS = [
  ['realm', 'REGISTRY_AUTH_TOKEN_REALM'],
  ['service', 'REGISTRY_AUTH_TOKEN_SERVICE'],
  ['issuer', 'REGISTRY_AUTH_TOKEN_ISSUER'],
  ['keys', 'REGISTRY_AUTH_TOKEN_ROOTCERTBUNDLE'],
] as const;

const OF_S3 = [
  ['bucket', 'REGISTRY_STORAGE_S3_BUCKET'],
  ['endpoint', 'REGISTRY_STORAGE_S3_REGIONENDPOINT'],
] as const;

function merge(below: unknown, above: Document): Document {
  const base = isObject(below) ? below : {};
  const members = Object.entries(above).map(([name, value]) => [
    name,
    isObject(value) ? merge(base[name], value) : value,
  ]);
  return { ...base, ...Object.fromEntries(members) };
}

function upstream(url: string, env: NodeJS.ProcessEnv): Document {
  const { REGISTRY_PROXY_USERNAME: username, REGISTRY_PROXY_PASSWORD: password } = env;
  const credentials = username ? { username, password } : {};
  // Docker's registry asks for a tag each time.
  return { prefix: '', url: url.replace(/\/$/, ''), ...credentials, ttl: '0' };
}

function only(name: string, value: string, known: readonly string[]): Document {
  if (known.includes(value)) return {};
  throw new BerthError('invalid', `${name} is one of ${known.join(', ')} here, not ${JSON.stringify(value)}`);
}

function isTrue(name: string, value: string): boolean {
  if (/^(?:true|1|yes|on)$/i.test(value)) return true;
  if (/^(?:false|0|no|off|)$/i.test(value)) return false;
  throw new BerthError('invalid', `${name} is true or false, not ${JSON.stringify(value)}`);
}
