import { EngineClient, formatAddress, parseAddress, type TlsFiles } from '@berth/client';
import { CliError } from './cli-error.ts';
import { type ConfigFile, configFolder, readConfigFile } from './config-file.ts';
import type { Context } from './context.ts';
import { checkTls } from './contexts/check-tls.ts';
import { currentContext, type Endpoint, resolveEndpoint } from './contexts/resolve.ts';
import { customHeaders } from './custom-headers.ts';
import type { FlagValues } from './flags/values.ts';

/** What a context is made from. */
export type Given = Pick<Context, 'programName' | 'env' | 'out' | 'err' | 'in'> & {
  /** False: an engine that is not there is not started. */
  autostart?: boolean;
};

/** The context for a command; reads no file and opens nothing until a command asks. */
export function openContext(global: FlagValues, { autostart = true, ...given }: Given): Context {
  const { env } = given;
  const configDir = configFolder(global.changed('config') ? global.string('config') : '', env);
  const debug = global.bool('debug') || global.string('log-level') === 'debug';
  let config: ConfigFile | undefined;
  let client: EngineClient | undefined;
  let endpoint: Endpoint | undefined;
  const settings = { env, configDir, config: () => context.config };
  const resolve = () => (endpoint ??= resolveEndpoint(global, settings));
  const context: Context = {
    ...given,
    configDir,
    debug,
    global,
    get config() {
      config ??= readConfigFile(configDir, (text) => given.err.write(text));
      return config;
    },
    get contextName() {
      return currentContext(global, settings);
    },
    get host() {
      const { host, tls } = resolve();
      return formatAddress(parseAddress(host, tls));
    },
    get client() {
      if (client) return client;
      const { host, tls, given: named } = resolve();
      if (tls && !host.startsWith('unix://')) checkUsable(tls);
      const headers = customHeaders(env) ?? context.config.HttpHeaders;
      const apiVersion = env.BERTH_API_VERSION || env.DOCKER_API_VERSION;
      client = new EngineClient({
        host,
        ...(tls && { tls }),
        ...(apiVersion && { apiVersion: apiVersion.replace(/^v/, '') }),
        ...(headers && { headers }),
        ...(!named &&
          autostart && { onUnreachable: async () => (await import('./daemon/autostart.ts')).autostart(context) }),
      });
      return client;
    },
  };
  return context;
}

/** A certificate that cannot be read is said before anything is connected. */
function checkUsable({ ca, cert, key }: TlsFiles): void {
  try {
    checkTls(ca, cert, key);
  } catch (error) {
    throw new CliError(`Failed to initialize: ${error instanceof Error ? error.message : String(error)}`);
  }
}
