import { existsSync } from 'node:fs';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { BerthError } from '@berth/kit';

const NAMES = ['compose.yaml', 'compose.yml', 'docker-compose.yml', 'docker-compose.yaml'];
const OVERRIDES = [
  'compose.override.yml',
  'compose.override.yaml',
  'docker-compose.override.yml',
  'docker-compose.override.yaml',
];

/** The files of a project. */
export interface FoundFiles {
  /** Absolute; `-` is stdin. */
  files: string[];
  warnings: string[];
}

/**
 * The Compose files that are meant: those given (`-f`, COMPOSE_FILE), else the first of the usual names in `cwd` or
 * above it with its override file. Errors: not-found.
 */
export function findFiles(
  given: readonly string[],
  cwd: string,
  env: Readonly<Record<string, string | undefined>>,
): FoundFiles {
  if (given.length) return { files: given.map((file) => absolute(file, cwd)), warnings: [] };
  const listed = env.COMPOSE_FILE;
  if (listed) {
    const separator = env.COMPOSE_PATH_SEPARATOR || ':';
    return {
      files: listed
        .split(separator)
        .filter(Boolean)
        .map((file) => absolute(file, cwd)),
      warnings: [],
    };
  }
  for (let folder = resolve(cwd); ; folder = dirname(folder)) {
    const present = NAMES.map((name) => join(folder, name)).filter((file) => existsSync(file));
    const [first] = present;
    if (first !== undefined) return withOverride(first, present, folder);
    if (folder === dirname(folder)) break;
  }
  throw new BerthError('not-found', 'no configuration file provided: not found', {
    hint: `Looked for ${NAMES.join(', ')} in ${resolve(cwd)} and the folders above it; -f FILE names another.`,
  });
}

function withOverride(first: string, present: readonly string[], folder: string): FoundFiles {
  const overrides = OVERRIDES.map((name) => join(folder, name)).filter((file) => existsSync(file));
  const warnings: string[] = [];
  const say = (kind: string, found: readonly string[]) =>
    `Found multiple ${kind} with supported names: ${found.join(', ')}\nUsing ${found[0]}`;
  if (present.length > 1) warnings.push(say('config files', present));
  if (overrides.length > 1) warnings.push(say('override files', overrides));
  return { files: [first, ...overrides.slice(0, 1)], warnings };
}

function absolute(file: string, cwd: string): string {
  return file === '-' || isAbsolute(file) ? file : resolve(cwd, file);
}
