import { existsSync, readFileSync } from 'node:fs';
import { isAbsolute } from 'node:path';
import { BerthError, errnoOf } from '@berth/kit';
import { DEFAULT_CONFIG_FILE, type RegistryConfig, readConfig } from './config.ts';
import { withEnvironment } from './environment.ts';
import { oneOf } from './shape.ts';

/** What the command line says in place of the file. */
export interface Overrides {
  /** Undefined: the default file, when it is there. */
  config?: string | undefined;
  root?: string | undefined;
  listen?: string | undefined;
  logLevel?: string | undefined;
  logFormat?: string | undefined;
  /** Variables named as those of Docker's registry count too: over the file, under the command line. */
  environment?: NodeJS.ProcessEnv | undefined;
}

/** Errors: invalid, not-found. */
export function loadConfig(overrides: Overrides): RegistryConfig {
  const document = readDocument(overrides.config);
  const { environment } = overrides;
  // Who names a file of ours means that one, whatever else lies about.
  const exists = overrides.config === undefined ? existsSync : () => false;
  const config = readConfig(environment ? withEnvironment(document, environment, exists) : document, '');
  const { root = config.root, listen = config.listen, logLevel, logFormat } = overrides;
  if (!isAbsolute(root)) throw new BerthError('invalid', `root is an absolute path, not ${JSON.stringify(root)}`);
  const level = logLevel ?? config.log.level;
  const format = logFormat ?? config.log.format;
  return {
    ...config,
    root,
    listen,
    log: {
      level: oneOf('debug', 'info', 'warn', 'error')(level, '--log-level'),
      format: oneOf('text', 'json')(format, '--log-format'),
    },
  };
}

function readDocument(path: string | undefined): unknown {
  const file = path ?? DEFAULT_CONFIG_FILE;
  let content: string;
  try {
    content = readFileSync(file, 'utf8');
  } catch (cause) {
    if (path === undefined && errnoOf(cause) === 'ENOENT') return {};
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BerthError('not-found', `cannot read the configuration file ${file}: ${why}`, { cause });
  }
  try {
    return JSON.parse(content);
  } catch (cause) {
    throw new BerthError('invalid', `${file} is not JSON: ${cause instanceof Error ? cause.message : cause}`, {
      cause,
    });
  }
}
