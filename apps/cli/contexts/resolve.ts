import { readFileSync } from 'node:fs';
import type { TlsFiles } from '@berth/client';
import { errnoOf } from '@berth/kit';
import { CliError } from '../cli-error.ts';
import type { ConfigFile } from '../config-file.ts';
import type { FlagValues } from '../flags/values.ts';
import { DEFAULT_CONTEXT, readContext, readTlsMaterial } from './store.ts';

/** Where an engine listens that was told nothing. */
export const DEFAULT_HOST = 'unix:///run/berth/berth.sock';

/** Where the engine of this call is. */
export interface Endpoint {
  host: string;
  tls: TlsFiles | undefined;
  /** False when nobody named an engine: the default one may be started. */
  given: boolean;
}

type Env = Readonly<Record<string, string | undefined>>;

interface Settings {
  env: Env;
  configDir: string;
  /** Read only when flags and environment leave it open. */
  config: () => ConfigFile;
}

/**
 * Name of the context in use: `--context`; `default` when a flag or variable names a host; DOCKER_CONTEXT; the one of
 * `context use`; else `default`. BERTH_ variables win over DOCKER_ ones.
 */
export function currentContext(global: FlagValues, { env, config }: Settings): string {
  const named = global.string('context');
  if (named && global.list('host').length)
    throw new CliError('conflicting options: cannot specify both --host and --context');
  if (named) return named;
  if (global.list('host').length || hostVariable(env)) return DEFAULT_CONTEXT;
  return env.BERTH_CONTEXT || env.DOCKER_CONTEXT || config().currentContext || DEFAULT_CONTEXT;
}

/** The variable that names a host, and its value. */
export function hostVariable(env: Env): { name: string; value: string } | undefined {
  for (const name of ['BERTH_HOST', 'DOCKER_HOST']) {
    const value = env[name];
    if (value) return { name, value };
  }
  return undefined;
}

/** Host and certificates of the context in use. Throws CliError as Docker words it. */
export function resolveEndpoint(global: FlagValues, settings: Settings): Endpoint {
  const name = currentContext(global, settings);
  try {
    return name === DEFAULT_CONTEXT
      ? defaultEndpoint(global, settings)
      : { ...storedEndpoint(settings.configDir, name), given: true };
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    throw new CliError(`Failed to initialize: unable to resolve docker endpoint: ${error.message}`);
  }
}

/** What flags and environment say. */
export function defaultEndpoint(global: FlagValues, { env, configDir }: Settings): Endpoint {
  const flags = global.list('host');
  if (flags.length > 1) throw new CliError('Specify only one -H');
  const named = flags[0]?.trim() || hostVariable(env)?.value;
  const host = !named || named === 'unix://' ? DEFAULT_HOST : named;
  return { host, tls: readTls(global, env, configDir), given: named !== undefined };
}

/** Host and certificates of a context that is kept in files. */
export function storedEndpoint(configDir: string, name: string): { host: string; tls: TlsFiles | undefined } {
  const docker = readContext(configDir, name).Endpoints.docker;
  if (!docker) throw new CliError(`context ${JSON.stringify(name)} does not contain a docker endpoint`);
  const files = readTlsMaterial(configDir, name, 'docker');
  const text = (file: string) => files[file] && new TextDecoder().decode(files[file]);
  const used = Object.keys(files).length > 0 || docker.SkipTLSVerify;
  const tls = { ca: text('ca.pem'), cert: text('cert.pem'), key: text('key.pem'), verify: !docker.SkipTLSVerify };
  return { host: docker.Host || DEFAULT_HOST, tls: used ? tls : undefined };
}

/** TLS as flags, DOCKER_TLS, DOCKER_TLS_VERIFY and DOCKER_CERT_PATH say; undefined: plain. */
function readTls(global: FlagValues, env: Env, configDir: string): TlsFiles | undefined {
  const either = (name: string) => env[`BERTH_${name}`] || env[`DOCKER_${name}`];
  const verify = global.changed('tlsverify') ? global.bool('tlsverify') : Boolean(either('TLS_VERIFY'));
  const plain = global.changed('tls') ? global.bool('tls') : Boolean(either('TLS'));
  // Who writes --tlsverify at all wants TLS, also with false.
  if (!verify && !plain && !global.changed('tlsverify')) return undefined;
  const folder = either('CERT_PATH') || configDir;
  const read = (flag: string, name: string, needed: boolean): string | undefined => {
    const given = global.changed(flag) && global.string(flag) !== '';
    const path = given ? global.string(flag) : `${folder}/${name}`;
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      const missing = errnoOf(error) === 'ENOENT';
      if (missing && !given && !needed) return undefined;
      const why = missing ? 'no such file or directory' : error instanceof Error ? error.message : String(error);
      throw new CliError(`open ${path}: ${why}`);
    }
  };
  return {
    ca: read('tlscacert', 'ca.pem', true),
    cert: read('tlscert', 'cert.pem', false),
    key: read('tlskey', 'key.pem', false),
    verify,
  };
}
