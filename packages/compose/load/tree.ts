import { dirname, resolve } from 'node:path';
import { file as fileForm } from '../normalize/file.ts';
import type { FormContext } from '../normalize/forms.ts';
import { absolutePath, isAddress } from '../normalize/paths.ts';
import { readText, readVariables, shownPath } from './environment.ts';
import { type Interpolation, interpolateTree, type Variables } from './interpolate.ts';
import { merge, withoutReset } from './merge.ts';
import { clone, entry, failAt, type Mapping, mapping, type Node, plain, textOf } from './node.ts';
import { validateFile } from './validate.ts';
import { FILE_LIMIT, readYaml } from './yaml.ts';

/** What loading depends on besides the files. */
export interface TreeOptions {
  cwd: string;
  home: string;
  env: Readonly<Record<string, string | undefined>>;
  variables: Variables;
  interpolate: boolean;
  resolvePaths: boolean;
  validate: boolean;
  readStdin: () => string;
  onWarning: (text: string) => void;
  onUnset: (name: string) => void;
  /** Files that were read so far, one as often as it is included. */
  count: { files: number };
}

/** Files that include or extend each other in more steps than this are a mistake. */
const CHAIN_LIMIT = 32;
/** Short chains can double at each step. */
const FILES_LIMIT = 1000;

/** A file on the way to the one that is read. */
interface Step {
  file: string;
  workingDir: string;
  /** Files that led here by `include`. */
  chain: readonly string[];
}

/** Reads the files of a project one over the other, with what they include and extend. */
export function readTree(
  files: readonly string[],
  workingDir: string,
  options: TreeOptions,
  chain: readonly string[] = [],
): Mapping {
  let whole: Node | undefined;
  for (const file of files) {
    if (chain.includes(file))
      throw failAt(
        { file: shownPath(file, options.cwd), line: 0, column: 0 },
        `include cycle detected: ${[...chain, file].map((one) => shownPath(one, options.cwd)).join(' -> ')}`,
      );
    if (++options.count.files > FILES_LIMIT)
      throw failAt(
        { file: shownPath(file, options.cwd), line: 0, column: 0 },
        `files include more than ${FILES_LIMIT} files in total`,
      );
    const step: Step = { file, workingDir, chain: [...chain, file] };
    const own = readFile(file, workingDir, options);
    const extended = extendAll(own, step, options);
    whole = whole ? (merge(whole, extended) ?? whole) : (withoutReset(extended) ?? mapping(own.source));
    whole = withIncludes(whole, extended, step, options);
  }
  if (whole?.kind !== 'map') throw failAt({ file: files[0] ?? '', line: 0, column: 0 }, 'empty compose file');
  if (options.validate) validateFile(whole, { complete: true });
  return whole;
}

/** One file, its documents put together, checked, in long forms. */
function readFile(file: string, workingDir: string, options: TreeOptions): Mapping {
  const name = file === '-' ? '(stdin)' : shownPath(file, options.cwd);
  const text = file === '-' ? options.readStdin() : readText(file, { limit: FILE_LIMIT });
  const context: FormContext = { workingDir, resolvePaths: options.resolvePaths, home: options.home };
  const how: Interpolation = { variables: options.variables, onUnset: options.onUnset };
  let whole: Node | undefined;
  for (const document of readYaml(text, name)) {
    const tree = options.interpolate ? interpolateTree(document, how) : document;
    if (tree.kind !== 'map') throw failAt(tree.source, 'Top-level object must be a mapping');
    const usable = withoutVersion(tree, options);
    if (options.validate) validateFile(usable, { complete: false });
    const made = fileForm(usable, '', context);
    whole = whole ? merge(whole, made) : made;
  }
  if (whole === undefined) throw failAt({ file: name, line: 0, column: 0 }, 'empty compose file');
  return whole as Mapping;
}

/** `version` says nothing any more, and may be a number. */
function withoutVersion(tree: Mapping, options: TreeOptions): Mapping {
  const version = tree.entries.get('version');
  if (version) {
    options.onWarning(
      `${version.source.file}: the attribute \`version\` is obsolete, it will be ignored, please remove it to avoid potential confusion`,
    );
    if (version.kind === 'scalar' && typeof version.value === 'number')
      tree.entries.set('version', { ...version, value: String(version.value) });
  }
  return tree;
}

function extendAll(tree: Mapping, step: Step, options: TreeOptions): Mapping {
  const services = tree.entries.get('services');
  if (services?.kind !== 'map') return tree;
  const entries = new Map<string, Node>();
  for (const [name, value] of services.entries)
    entries.set(name, extended(name, value, { tree, ...step }, options, []));
  const made = { ...tree, entries: new Map(tree.entries) };
  made.entries.set('services', { ...services, entries });
  return made;
}

interface Origin {
  tree: Mapping;
  file: string;
  workingDir: string;
}

/** A service with what it extends below it. */
function extended(name: string, value: Node, origin: Origin, options: TreeOptions, chain: readonly string[]): Node {
  const wish = entry(value, 'extends');
  if (!wish || value.kind !== 'map' || wish.tag === 'reset') return value;
  const here = `${shownPath(origin.file, options.cwd)}: ${name}`;
  if (chain.includes(here))
    throw failAt(wish.source, `circular reference with extends: ${[...chain, here].join(' -> ')}`);
  if (chain.length > CHAIN_LIMIT)
    throw failAt(wish.source, `services extend each other in more than ${CHAIN_LIMIT} steps`);
  const wanted = wish.kind === 'scalar' ? wish : entry(wish, 'service');
  const fileNode = entry(wish, 'file');
  if (!wanted) throw failAt(wish.source, `services.${name}.extends missing property 'service'`);
  const base = textOf(wanted);
  const from = fileNode ? otherFile(fileNode, origin, options) : origin;
  const found = entry(entry(from.tree, 'services'), base);
  if (!found)
    throw failAt(
      wanted.source,
      `cannot extend service ${JSON.stringify(name)} in ${shownPath(origin.file, options.cwd)}: service ${JSON.stringify(base)} not found${fileNode ? ` in ${shownPath(from.file, options.cwd)}` : ''}`,
    );
  const below = extended(base, clone(found), from, options, [...chain, here]);
  const own = { ...value, entries: new Map(value.entries) };
  own.entries.delete('extends');
  const made = merge(below, own, `services.${name}`) ?? own;
  return { ...made, source: value.source, ...(value.key && { key: value.key }), ...(value.tag && { tag: value.tag }) };
}

function otherFile(node: Node, origin: Origin, options: TreeOptions): Origin {
  const written = textOf(node);
  if (isAddress(written)) throw failAt(node.source, `extends: files of other machines are not read: ${written}`);
  const file = absolutePath(written, { workingDir: origin.workingDir, resolvePaths: true, home: options.home });
  const workingDir = dirname(file);
  return { file, workingDir, tree: readFile(file, workingDir, options) };
}

/** Adds what a file includes; a name that both have is an error unless it is the same. */
function withIncludes(whole: Node, own: Mapping, step: Step, options: TreeOptions): Node {
  const includes = own.entries.get('include');
  if (includes?.kind !== 'list' || whole.kind !== 'map') return whole;
  const made = { ...whole, entries: new Map(whole.entries) };
  made.entries.delete('include');
  for (const one of includes.items) {
    const imported = include(one, step, options);
    for (const section of SECTIONS) addSection(made, imported, section, one);
  }
  return made;
}

const SECTIONS = ['services', 'networks', 'volumes', 'configs', 'secrets', 'models'] as const;

function addSection(whole: Mapping, imported: Mapping, section: string, where: Node): void {
  const theirs = imported.entries.get(section);
  if (theirs?.kind !== 'map') return;
  const ours = whole.entries.get(section);
  const entries = new Map(ours?.kind === 'map' ? ours.entries : []);
  for (const [name, value] of theirs.entries) {
    const known = entries.get(name);
    if (known && JSON.stringify(plain(known)) !== JSON.stringify(plain(value)))
      throw failAt(
        where.source,
        `${section}.${name} conflicts with imported resource`,
        `It is defined at ${known.source.file}:${known.source.line} and at ${value.source.file}:${value.source.line}.`,
      );
    entries.set(name, value);
  }
  whole.entries.set(section, { ...(ours ?? theirs), ...mapping(theirs.source, entries) });
}

function include(node: Node, step: Step, options: TreeOptions): Mapping {
  if (step.chain.length > CHAIN_LIMIT)
    throw failAt(node.source, `files include each other in more than ${CHAIN_LIMIT} steps`);
  const paths = entry(node, 'path');
  const context = { workingDir: step.workingDir, resolvePaths: true, home: options.home };
  const files = (paths?.kind === 'list' ? paths.items : paths ? [paths] : []).map((item) => {
    const written = textOf(item);
    if (isAddress(written)) throw failAt(item.source, `include: files of other machines are not read: ${written}`);
    return absolutePath(written, context);
  });
  const [first] = files;
  if (first === undefined) throw failAt(node.source, `include: 'path' is missing`);
  const folder = entry(node, 'project_directory');
  const workingDir = folder ? absolutePath(textOf(folder), context) : dirname(first);
  const envNode = entry(node, 'env_file');
  const envFiles = (envNode?.kind === 'list' ? envNode.items : []).map((item) => absolutePath(textOf(item), context));
  const read = readVariables(envFiles, resolve(workingDir), options.cwd, {}, {});
  const variables = new Map([...read.variables, ...options.variables]);
  return readTree(files, workingDir, { ...options, variables, validate: options.validate }, step.chain);
}
