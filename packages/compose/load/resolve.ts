import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { BerthError } from '@berth/kit';
import { readEnvFile, readRawEnvFile } from './dotenv.ts';
import { readText, shownPath } from './environment.ts';
import type { Variables } from './interpolate.ts';
import { entry, type Mapping, mapping, type Node, type Source, scalar, textOf } from './node.ts';

/** Source of what nobody wrote. */
export const DEFAULT: Source = { file: 'default', line: 0, column: 0 };

export interface ResolveOptions {
  project: string;
  variables: Variables;
  cwd: string;
  workingDir: string;
  /** Puts the files of `env_file` into the environment. */
  environment: boolean;
  normalize: boolean;
}

/** Fills in what the specification says of values that a file leaves out. Changes the tree. */
export function resolveDefaults(tree: Mapping, options: ResolveOptions): void {
  const services = section(tree, 'services');
  for (const [name, service] of services.entries) {
    const own = service.kind === 'map' ? service : mapping(service.source);
    services.entries.set(name, own.key === undefined && service.key ? { ...own, key: service.key } : own);
    if (options.environment) resolveEnvironment(own, options);
    if (options.normalize) completeService(own, options);
  }
  for (const [name, service] of services.entries)
    if (options.normalize && service.kind === 'map') impliedDependencies(service, name);
  if (!options.normalize) return;
  addDefaultNetwork(tree, services);
  for (const kind of ['networks', 'volumes', 'secrets', 'configs']) nameAll(tree, kind, options.project);
}

export function section(tree: Mapping, name: string): Mapping {
  const found = tree.entries.get(name);
  if (found?.kind === 'map') return found;
  const made = mapping(found?.source ?? DEFAULT);
  if (name === 'services' || found) tree.entries.set(name, made);
  return made;
}

/** `env_file`, then `environment`; a name alone takes the value of the project's variables. */
function resolveEnvironment(service: Mapping, options: ResolveOptions): void {
  const files = service.entries.get('env_file');
  const own = service.entries.get('environment');
  const made = mapping(own?.source ?? DEFAULT);
  if (own?.key) made.key = own.key;
  for (const file of files?.kind === 'list' ? files.items : []) addEnvFile(made, file, options);
  for (const [name, value] of own?.kind === 'map' ? own.entries : [])
    if (value.kind === 'scalar' && value.value !== null) made.entries.set(name, value);
    else takeFromVariables(made, name, value.source, options);
  service.entries.delete('env_file');
  if (made.entries.size) service.entries.set('environment', made);
  else service.entries.delete('environment');
  addLabelFiles(service, options);
}

function takeFromVariables(made: Mapping, name: string, source: Source, { variables }: ResolveOptions): void {
  const found = variables.get(name);
  if (found) made.entries.set(name, scalar({ ...source, variables: [{ name, from: found.from }] }, found.value));
  else if (!made.entries.has(name)) made.entries.set(name, scalar(source, null));
}

function addEnvFile(made: Mapping, node: Node, options: ResolveOptions): void {
  const path = resolve(options.workingDir, textOf(entry(node, 'path') ?? node));
  const required = entry(node, 'required');
  const format = entry(node, 'format');
  if (!existsSync(path)) {
    if (required?.kind === 'scalar' && required.value === false) return;
    throw new BerthError('not-found', `env file ${path} not found: stat ${path}: no such file or directory`, {
      hint: `It is named at ${node.source.file}:${node.source.line}; 'required: false' there lets it be absent.`,
    });
  }
  const isRaw = format?.kind === 'scalar' && format.value === 'raw';
  if (format?.kind === 'scalar' && !isRaw && format.value !== '' && format.value !== null)
    throw new BerthError(
      'invalid',
      `${format.source.file}:${format.source.line}: unsupported env_file format ${JSON.stringify(format.value)}; accepted is "raw"`,
    );
  const name = shownPath(path, options.cwd);
  const text = readText(path);
  for (const line of isRaw ? readRawEnvFile(text) : readEnvFile(text, name, options.variables)) {
    const source: Source = { file: name, line: line.line, column: 1 };
    if (line.value !== undefined) made.entries.set(line.name, scalar(source, line.value));
    else takeFromVariables(made, line.name, source, options);
  }
}

/** `label_file` below `labels`. */
function addLabelFiles(service: Mapping, { workingDir }: ResolveOptions): void {
  const files = service.entries.get('label_file');
  if (files?.kind !== 'list') return;
  const own = service.entries.get('labels');
  const made = mapping(own?.source ?? files.source);
  for (const file of files.items) {
    const path = resolve(workingDir, textOf(file));
    for (const line of readEnvFile(readText(path), path, new Map()))
      made.entries.set(line.name, scalar({ file: path, line: line.line, column: 1 }, line.value ?? ''));
  }
  for (const [name, value] of own?.kind === 'map' ? own.entries : []) made.entries.set(name, value);
  service.entries.delete('label_file');
  service.entries.set('labels', made);
}

function completeService(service: Mapping, options: ResolveOptions): void {
  const build = service.entries.get('build');
  if (build?.kind === 'map') completeBuild(build, options);
  const isJoined = service.entries.has('network_mode') || service.entries.has('provider');
  const networks = service.entries.get('networks');
  if (!isJoined && (networks?.kind !== 'map' || networks.entries.size === 0))
    service.entries.set('networks', mapping(DEFAULT, [['default', scalar(DEFAULT, null)]]));
}

function completeBuild(build: Mapping, { workingDir, variables }: ResolveOptions): void {
  if (!build.entries.has('context')) build.entries.set('context', scalar(DEFAULT, workingDir));
  if (!build.entries.has('dockerfile') && !build.entries.has('dockerfile_inline'))
    build.entries.set('dockerfile', scalar(DEFAULT, 'Dockerfile'));
  const args = build.entries.get('args');
  if (args?.kind !== 'map') return;
  for (const [name, value] of args.entries) {
    const found = value.kind === 'scalar' && value.value === null ? variables.get(name) : undefined;
    if (found)
      args.entries.set(name, scalar({ ...value.source, variables: [{ name, from: found.from }] }, found.value));
  }
}

/** Services whose namespaces, links or volumes are used have to be there first. */
function impliedDependencies(service: Mapping, own: string): void {
  const wanted = new Map<string, Source>();
  for (const key of ['network_mode', 'ipc', 'pid', 'uts', 'cgroup']) {
    const value = service.entries.get(key);
    const name = value?.kind === 'scalar' && /^service:(.+)$/.exec(String(value.value))?.[1];
    if (name && value) wanted.set(name, value.source);
  }
  for (const link of items(service, 'links')) wanted.set(textOf(link).split(':')[0] ?? '', link.source);
  for (const from of items(service, 'volumes_from'))
    if (!textOf(from).startsWith('container:')) wanted.set(textOf(from).split(':')[0] ?? '', from.source);
  const present = service.entries.get('depends_on');
  const all: Mapping = present?.kind === 'map' ? present : mapping(DEFAULT);
  for (const [name, source] of wanted) {
    if (all.entries.has(name) || name === own) continue;
    const made = mapping(source, [
      ['condition', scalar(DEFAULT, 'service_started')],
      ['required', scalar(DEFAULT, true)],
    ]);
    // What shares a namespace has to join the new one.
    if (source !== undefined) made.entries.set('restart', scalar(DEFAULT, true));
    all.entries.set(name, made);
  }
  if (all.entries.size) service.entries.set('depends_on', all);
}

function items(service: Mapping, key: string): Node[] {
  const found = service.entries.get(key);
  return found?.kind === 'list' ? found.items : [];
}

function addDefaultNetwork(tree: Mapping, services: Mapping): void {
  const isUsed = [...services.entries.values()].some(
    (service) => entry(entry(service, 'networks'), 'default') !== undefined,
  );
  if (!isUsed) return;
  const networks = section(tree, 'networks');
  if (!networks.entries.has('default')) networks.entries.set('default', mapping(DEFAULT));
  tree.entries.set('networks', networks);
}

/** `PROJECT_NAME`, unless the file names it or it is not ours. */
function nameAll(tree: Mapping, kind: string, project: string): void {
  const all = section(tree, kind);
  for (const [name, value] of all.entries) {
    const own = value.kind === 'map' ? value : { ...mapping(value.source), ...(value.key && { key: value.key }) };
    all.entries.set(name, own);
    if (own.entries.has('name')) continue;
    const external = own.entries.get('external');
    const isExternal = external?.kind === 'scalar' && external.value === true;
    own.entries.set('name', scalar(DEFAULT, isExternal ? name : `${project}_${name}`));
  }
}
