import { homedir } from 'node:os';
import { dirname, resolve } from 'node:path';
import { BerthError } from '@berth/kit';
import type { FileSource, Model, Network, Project, Service, Volume } from '../model.ts';
import { checkConsistency } from './consistency.ts';
import { type Environment, readText, readVariables, shownPath } from './environment.ts';
import { findFiles } from './find-files.ts';
import { interpolateTree, type Variable } from './interpolate.ts';
import { entry, type Mapping, type Plain, plain, textOf } from './node.ts';
import { checkedName, nameOfFolder } from './project-name.ts';
import { resolveDefaults } from './resolve.ts';
import { readTree, type TreeOptions } from './tree.ts';
import { FILE_LIMIT, readYaml } from './yaml.ts';

export interface LoadOptions {
  /** `-f`, as written. */
  files: readonly string[];
  cwd: string;
  env: Environment;
  envFiles?: readonly string[];
  projectName?: string;
  projectDirectory?: string;
  /** `--profile`; COMPOSE_PROFILES is read from the variables. `*` means all. */
  profiles?: readonly string[];
  /** Services that a command names are active whatever their profiles. */
  named?: readonly string[];
  interpolate?: boolean;
  resolvePaths?: boolean;
  resolveEnvironment?: boolean;
  normalize?: boolean;
  consistency?: boolean;
  readStdin?: () => string;
  onWarning?: (text: string) => void;
}

/** Reads a project from its files. Throws 'invalid' with file and line, 'not-found' for missing files. */
export function loadProject(options: LoadOptions): Project {
  const { cwd, env, onWarning = () => undefined } = options;
  const found = findFiles(options.files, cwd, env);
  for (const warning of found.warnings) onWarning(warning);
  const stdin = once(options.readStdin ?? (() => ''));
  const workingDir = projectFolder(found.files, options);
  const { variables: read, files: envFiles } = readVariables(options.envFiles ?? [], workingDir, cwd, env);
  const variables = new Map(read);
  const name = projectName(found.files, workingDir, variables, stdin, options);
  variables.set('COMPOSE_PROJECT_NAME', { value: name, from: 'project name' });
  const unset = new Set<string>();
  const treeOptions: TreeOptions = {
    cwd,
    home: env.HOME || homedir(),
    env,
    variables,
    interpolate: options.interpolate ?? true,
    resolvePaths: options.resolvePaths ?? true,
    validate: true,
    readStdin: stdin,
    onWarning,
    onUnset: (variable) => unset.add(variable),
    count: { files: 0 },
  };
  const tree = readTree(found.files, workingDir, treeOptions);
  for (const variable of unset)
    onWarning(`The ${JSON.stringify(variable)} variable is not set. Defaulting to a blank string.`);
  const normalize = options.normalize ?? true;
  resolveDefaults(tree, {
    project: name,
    variables,
    cwd,
    workingDir,
    environment: options.resolveEnvironment ?? true,
    normalize,
  });
  const project = projectOf(tree, { name, workingDir, files: found.files, envFiles, variables });
  activate(project, options);
  if (options.consistency ?? true) checkConsistency(project);
  return project;
}

function once(read: () => string): () => string {
  let text: string | undefined;
  return () => (text ??= read());
}

function projectFolder(files: readonly string[], { projectDirectory, cwd }: LoadOptions): string {
  if (projectDirectory) return resolve(cwd, projectDirectory);
  const [first = '-'] = files;
  return first === '-' ? resolve(cwd) : dirname(first);
}

/** `-p`, COMPOSE_PROJECT_NAME, `name:` of the last file that has one, the folder. */
function projectName(
  files: readonly string[],
  workingDir: string,
  variables: ReadonlyMap<string, Variable>,
  stdin: () => string,
  options: LoadOptions,
): string {
  if (options.projectName) return checkedName(options.projectName);
  const set = variables.get('COMPOSE_PROJECT_NAME')?.value;
  if (set) return checkedName(set);
  let written: string | undefined;
  for (const file of files) {
    const text = file === '-' ? stdin() : readText(file, { limit: FILE_LIMIT });
    if (!/^["']?name["']?\s*:/m.test(text)) continue;
    for (const document of readYaml(text, shownPath(file, options.cwd))) {
      const node = entry(document, 'name');
      if (node?.kind !== 'scalar' || node.value === null) continue;
      const value = textOf(interpolateTree(node, { variables, onUnset: () => undefined }));
      if (value !== '') written = value;
    }
  }
  return written === undefined ? nameOfFolder(workingDir) : checkedName(written);
}

function projectOf(
  tree: Mapping,
  facts: Pick<Project, 'name' | 'workingDir' | 'files' | 'envFiles' | 'variables'>,
): Project {
  const part = <T>(key: string): Record<string, T> => {
    const node = tree.entries.get(key);
    return (node?.kind === 'map' ? plain(node) : {}) as Record<string, T>;
  };
  const extensions: Record<string, Plain> = {};
  for (const [key, value] of tree.entries) if (key.startsWith('x-')) extensions[key] = plain(value);
  return {
    ...facts,
    services: part<Service>('services'),
    disabled: {},
    networks: part<Network>('networks'),
    volumes: part<Volume>('volumes'),
    secrets: part<FileSource>('secrets'),
    configs: part<FileSource>('configs'),
    models: part<Model>('models'),
    extensions,
    tree,
  };
}

/** Puts services without an active profile aside; those that a command names take what they depend on along. */
function activate(project: Project, options: LoadOptions): void {
  const listed = (project.variables.get('COMPOSE_PROFILES')?.value ?? '').split(',').map((name) => name.trim());
  const active = new Set([...(options.profiles ?? []), ...listed].filter(Boolean));
  const named = new Set(options.named ?? []);
  for (const name of named) for (const profile of project.services[name]?.profiles ?? []) active.add(profile);
  for (const [name, service] of Object.entries(project.services)) {
    const profiles = service.profiles ?? [];
    const isActive = profiles.length === 0 || active.has('*') || profiles.some((profile) => active.has(profile));
    if (isActive || named.has(name)) continue;
    project.disabled[name] = service;
    delete project.services[name];
  }
}

/** Names that a command was given; throws 'not-found' in Docker's words. */
export function checkServices(project: Project, names: readonly string[]): void {
  for (const name of names)
    if (!Object.hasOwn(project.services, name)) throw new BerthError('not-found', `no such service: ${name}`);
}
