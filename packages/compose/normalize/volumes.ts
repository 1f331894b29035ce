import { failAt, inPlaceOf, mapping, type Node, type Source, scalar, valueText } from '../load/node.ts';
import { bool, type Form, type FormContext, fields, fullPairs, mode, size, string } from './forms.ts';
import { absolutePath } from './paths.ts';

/** Mounts by their long form. */
export const mounts: Form = (node, path, context) => {
  if (node.kind !== 'list') return node;
  const items = node.items.map((item, index) =>
    item.kind === 'map' ? longMount(item, `${path}.${index}`, context) : shortMount(item, `${path}.${index}`, context),
  );
  return inPlaceOf(node, { ...node, items });
};

const long = fields({
  type: string,
  source: string,
  target: string,
  read_only: bool,
  bind: fields({ create_host_path: bool }),
  volume: fields({ nocopy: bool, labels: fullPairs }),
  tmpfs: fields({ size, mode }),
});

function longMount(node: Node, path: string, context: FormContext): Node {
  const made = long(node, path, context);
  if (made.kind !== 'map') return made;
  const type = made.entries.get('type');
  const source = made.entries.get('source');
  const isBind = type?.kind === 'scalar' && type.value === 'bind';
  if (isBind && source?.kind === 'scalar' && typeof source.value === 'string')
    made.entries.set('source', { ...source, value: absolutePath(source.value, context) });
  if (isBind && !source && type) throw failAt(node.source, `${path}: a bind mount needs a 'source'`);
  return made;
}

const PROPAGATIONS = new Set(['shared', 'rshared', 'slave', 'rslave', 'private', 'rprivate']);
const CONSISTENCIES = new Set(['cached', 'delegated', 'consistent']);

/** `[SOURCE:]TARGET[:OPTIONS]` */
function shortMount(node: Node, path: string, context: FormContext): Node {
  const text = node.kind === 'scalar' ? valueText(node.value) : '';
  const { source, target, options } = split(text, node, path);
  const at = node.source;
  const isPath = /^(\.|\/|~|[A-Za-z]:\\)/.test(source);
  const bind = mapping(at);
  const volume = mapping(at);
  const made = mapping(at, [
    ['type', scalar(at, isPath ? 'bind' : 'volume')],
    ['source', source === '' ? undefined : scalar(at, isPath ? absolutePath(source, context) : source)],
    ['target', scalar(at, target)],
  ]);
  for (const option of options) takeOption(option, { made, bind, volume, at });
  if (isPath && !bind.entries.has('create_host_path')) bind.entries.set('create_host_path', scalar(at, true));
  made.entries.set(isPath ? 'bind' : 'volume', isPath ? bind : volume);
  return inPlaceOf(node, made);
}

type Parts = { made: Node & { kind: 'map' }; bind: Node & { kind: 'map' }; volume: Node & { kind: 'map' }; at: Source };

function takeOption(option: string, { made, bind, volume, at }: Parts): void {
  if (option === 'ro') made.entries.set('read_only', scalar(at, true));
  else if (option === 'nocopy') volume.entries.set('nocopy', scalar(at, true));
  else if (option === 'z' || option === 'Z') bind.entries.set('selinux', scalar(at, option));
  else if (PROPAGATIONS.has(option)) bind.entries.set('propagation', scalar(at, option));
  else if (CONSISTENCIES.has(option)) made.entries.set('consistency', scalar(at, option));
  // `rw` and what only other systems know changes nothing, as in Docker.
}

function split(text: string, node: Node, path: string): { source: string; target: string; options: string[] } {
  const bad = (reason: string) =>
    failAt(
      node.source,
      `${path}: invalid spec: ${JSON.stringify(text)}: ${reason}`,
      'Accepted is [SOURCE:]TARGET[:OPTIONS], with options such as ro, z, nocopy.',
    );
  if (text === '') throw bad('empty volume spec');
  const windows = /^[A-Za-z]:\\/.test(text) ? text.slice(0, 2) : '';
  const parts = text.slice(windows.length).split(':');
  if (parts.length > 3) throw bad('too many colons');
  if (parts.some((part) => part === '')) throw bad('empty section between colons');
  const [first = '', second, options] = parts;
  if (second === undefined) return { source: '', target: first, options: [] };
  return { source: windows + first, target: second, options: options?.split(',') ?? [] };
}

/** `HOST[:CONTAINER[:rwm]]`, or the long form. CDI names (`vendor/class=name`) have no target. */
export const device: Form = (node) => {
  if (node.kind !== 'scalar') return node;
  const [source = '', target = source, permissions = 'rwm'] = valueText(node.value).split(':');
  const at = node.source;
  const made = mapping(at, [
    ['source', scalar(at, source)],
    ['target', scalar(at, target)],
    ['permissions', scalar(at, permissions)],
  ]);
  return inPlaceOf(node, made);
};
