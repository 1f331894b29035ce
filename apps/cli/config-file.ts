import { readFileSync } from 'node:fs';
import { errnoOf } from '@berth/kit';

/** The parts of Docker's config.json that are used; others are kept by whoever writes it. */
export interface ConfigFile {
  auths?: Record<string, { auth?: string; identitytoken?: string; username?: string; password?: string }>;
  credsStore?: string;
  credHelpers?: Record<string, string>;
  HttpHeaders?: Record<string, string>;
  psFormat?: string;
  statsFormat?: string;
  imagesFormat?: string;
  networksFormat?: string;
  volumesFormat?: string;
  detachKeys?: string;
  currentContext?: string;
  pruneFilters?: string[];
  proxies?: Record<string, Record<string, string>>;
}

/** The folder of config.json: `--config`, BERTH_CONFIG, DOCKER_CONFIG, `~/.docker`. */
export function configFolder(flag: string, env: Readonly<Record<string, string | undefined>>): string {
  return (
    flag ||
    env.BERTH_CONFIG ||
    env.DOCKER_CONFIG ||
    `${env.HOME || process.getBuiltinModule('node:os').homedir()}/.docker`
  );
}

/** Reads config.json of `folder`; `{}` when it is not there, and after a `warn` when it cannot be read or understood. */
export function readConfigFile(folder: string, warn: (text: string) => void): ConfigFile {
  const path = `${folder}/config.json`;
  try {
    const text = readFileSync(path, 'utf8');
    const parsed: unknown = text.trim() === '' ? {} : JSON.parse(text);
    if (typeof parsed !== 'object' || parsed === null || Array.isArray(parsed)) throw new Error('not a JSON object');
    return parsed;
  } catch (error) {
    const code = errnoOf(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR')
      warn(`WARNING: Error loading config file: ${path}: ${error instanceof Error ? error.message : String(error)}\n`);
    return {};
  }
}
