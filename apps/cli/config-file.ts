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
    return checked(text.trim() === '' ? {} : JSON.parse(text), (why) => warn(parseWarning(path, why)));
  } catch (error) {
    const code = errnoOf(error);
    if (code === 'ENOENT' || code === 'ENOTDIR') return {};
    const why = error instanceof Error ? error.message : String(error);
    warn(code === undefined ? parseWarning(path, why) : `WARNING: Error loading config file: ${path}: ${why}\n`);
    return {};
  }
}

const parseWarning = (path: string, why: string) => `WARNING: Error parsing config file (${path}): ${why}\n`;

/** Shapes of the members that are used; a member of another shape is left out, with a warning in Docker's words. */
const SHAPES: Readonly<Record<string, 'string' | 'object' | 'list'>> = {
  auths: 'object',
  credsStore: 'string',
  credHelpers: 'object',
  HttpHeaders: 'object',
  psFormat: 'string',
  imagesFormat: 'string',
  networksFormat: 'string',
  volumesFormat: 'string',
  statsFormat: 'string',
  detachKeys: 'string',
  currentContext: 'string',
  pruneFilters: 'list',
  proxies: 'object',
};

const GO_TYPES: Readonly<Record<string, string>> = {
  string: 'string',
  list: '[]string',
  object: 'map[string]string',
};

function checked(parsed: unknown, warn: (why: string) => void): ConfigFile {
  if (parsed === null) return {};
  if (shapeOf(parsed) !== 'object') {
    warn(`json: cannot unmarshal ${goName(parsed)} into Go value of type configfile.ConfigFile`);
    return {};
  }
  const right = Object.entries(parsed as object).filter(([key, value]) => {
    const wanted = SHAPES[key];
    if (wanted === undefined || value === null || shapeOf(value) === wanted) return true;
    warn(`json: cannot unmarshal ${goName(value)} into Go struct field ConfigFile.${key} of type ${GO_TYPES[wanted]}`);
    return false;
  });
  return Object.fromEntries(right.filter(([, value]) => value !== null));
}

function shapeOf(value: unknown): string {
  return Array.isArray(value) ? 'list' : typeof value;
}

/** What Go calls a JSON value. */
function goName(value: unknown): string {
  if (typeof value === 'boolean') return 'bool';
  return Array.isArray(value) ? 'array' : typeof value;
}
