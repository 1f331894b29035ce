import { readFileSync } from 'node:fs';
import { EngineClient, formatAddress, parseAddress, type TlsFiles } from '@berth/client';
import { CliError } from './cli-error.ts';
import { type ConfigFile, configFolder, readConfigFile } from './config-file.ts';
import type { Context } from './context.ts';
import type { FlagValues } from './flags/values.ts';

/** Where an engine listens that was told nothing. */
const DEFAULT_HOST = 'unix:///run/berth/berth.sock';

type Given = Pick<Context, 'programName' | 'env' | 'out' | 'err' | 'in'>;

/** The context for a command; reads no file and opens nothing until a command asks. */
export function openContext(global: FlagValues, given: Given): Context {
  const { env } = given;
  const configDir = configFolder(global.changed('config') ? global.string('config') : '', env);
  const debug = global.bool('debug') || global.string('log-level') === 'debug';
  let config: ConfigFile | undefined;
  let client: EngineClient | undefined;
  let host: { text: string; given: boolean } | undefined;
  const context: Context = {
    ...given,
    configDir,
    debug,
    get config() {
      config ??= readConfigFile(configDir, (text) => given.err.write(text));
      return config;
    },
    get host() {
      host ??= chooseHost(global, env, () => context.config);
      return formatAddress(parseAddress(host.text, undefined));
    },
    get client() {
      if (client) return client;
      host ??= chooseHost(global, env, () => context.config);
      const tls = readTls(global, env, configDir);
      client = new EngineClient({
        host: host.text,
        ...(tls && { tls }),
        ...(env.DOCKER_API_VERSION && { apiVersion: env.DOCKER_API_VERSION }),
        ...(context.config.HttpHeaders && { headers: context.config.HttpHeaders }),
        ...(!host.given && { onUnreachable: async () => (await import('./daemon/autostart.ts')).autostart(context) }),
      });
      return client;
    },
  };
  return context;
}

function chooseHost(global: FlagValues, env: Given['env'], config: () => ConfigFile): { text: string; given: boolean } {
  const flags = global.list('host');
  if (flags.length > 1) throw new CliError('Specify only one -H');
  const named = global.string('context');
  if (named && flags[0]) throw new CliError('conflicting options: either specify --host or --context, not both');
  if (flags[0]) return { text: flags[0], given: true };
  const fromEnv = env.BERTH_HOST || env.DOCKER_HOST;
  if (!named && fromEnv) return { text: fromEnv, given: true };
  const contextName = named || env.DOCKER_CONTEXT || config().currentContext;
  if (contextName && contextName !== 'default')
    throw new CliError(
      `context "${contextName}" cannot be used: this version of Berth knows only the context "default"\n` +
        'Name the engine with -H, BERTH_HOST or DOCKER_HOST, or pass --context default.',
    );
  return { text: DEFAULT_HOST, given: false };
}

/** TLS as flags and DOCKER_TLS_VERIFY, DOCKER_CERT_PATH say; undefined: plain. */
function readTls(global: FlagValues, env: Given['env'], configDir: string): TlsFiles | undefined {
  const verify = global.changed('tlsverify') ? global.bool('tlsverify') : Boolean(env.DOCKER_TLS_VERIFY);
  if (!verify && !global.bool('tls') && !global.changed('tlsverify')) return undefined;
  const folder = env.DOCKER_CERT_PATH || configDir;
  const read = (flag: string, name: string): string | undefined => {
    const path = global.changed(flag) ? global.string(flag) : `${folder}/${name}`;
    try {
      return readFileSync(path, 'utf8');
    } catch (error) {
      const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      if (missing && !global.changed(flag)) return undefined;
      throw new CliError(`could not read ${path}: ${error instanceof Error ? error.message : String(error)}`);
    }
  };
  return { ca: read('tlscacert', 'ca.pem'), cert: read('tlscert', 'cert.pem'), key: read('tlskey', 'key.pem'), verify };
}
