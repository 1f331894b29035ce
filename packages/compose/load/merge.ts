import type { Mapping, Node } from './node.ts';

/** Replaced as a whole by what a later file says. */
const REPLACED =
  /^services\.[^.]+\.(command|entrypoint|healthcheck\.test|(post_start|pre_start|pre_stop)\.\d+\.command)$/;

/** Names with values, where a name without a value counts as well. */
const PAIRS =
  /^(services\.[^.]+\.(annotations|environment|labels|sysctls|storage_opt|build\.(args|labels|additional_contexts)|deploy\.labels|logging\.options)|(networks|volumes|secrets|configs)\.[^.]+\.(labels|driver_opts))$/;

type KeyOf = (item: Node) => string;

const text = (node: Node | undefined): string =>
  node?.kind === 'scalar' ? String(node.value) : node === undefined ? '' : JSON.stringify(node);
const field = (item: Node, key: string): Node | undefined => (item.kind === 'map' ? item.entries.get(key) : undefined);
const by =
  (...keys: string[]): KeyOf =>
  (item) =>
    keys.map((key) => text(field(item, key))).join('|');
const grantKey: KeyOf = (item) => text(field(item, 'target') ?? field(item, 'source'));
const itself: KeyOf = (item) => text(item);

/** Lists that grow, where of entries with the same key the last one stays. */
const UNIQUE: readonly (readonly [RegExp, KeyOf])[] = [
  [/^services\.[^.]+\.(volumes|devices)$/, by('target')],
  [/^services\.[^.]+\.(build\.)?(secrets|configs)$/, grantKey],
  [/^services\.[^.]+\.ports$/, by('host_ip', 'target', 'published', 'protocol')],
  [/^services\.[^.]+\.env_file$/, by('path')],
  [
    /^services\.[^.]+\.(expose|dns|dns_opt|dns_search|cap_add|cap_drop|links|external_links|profiles|tmpfs|build\.tags|networks\.[^.]+\.(aliases|link_local_ips)|group_add|extra_hosts\.[^.]+|device_cgroup_rules|volumes_from)$/,
    itself,
  ],
  [/^networks\.[^.]+\.ipam\.config$/, by('subnet')],
];

/** Both in the long forms of the model: what a later file says, put over an earlier one by the rules of the specification. */
export function merge(base: Node, over: Node, path = ''): Node | undefined {
  if (over.tag === 'reset') return undefined;
  if (over.tag === 'override') return withoutReset(untagged(over), path);
  if (over.kind === 'scalar' && over.value === null && base.kind !== 'scalar' && !REPLACED.test(path)) return base;
  if (REPLACED.test(path)) return over;
  if (base.kind === 'map' && over.kind === 'map') return mergeMaps(base, over, path);
  if (base.kind === 'list' && over.kind === 'list')
    return { ...over, items: unique([...base.items, ...over.items], path, base.items.length) };
  return withoutReset(over, path);
}

function mergeMaps(base: Mapping, over: Mapping, path: string): Node {
  if (/^services\.[^.]+\.logging$/.test(path) && otherDriver(base, over)) return over;
  const entries = new Map(base.entries);
  for (const [key, value] of over.entries) {
    const below = path === '' ? key : `${path}.${key}`;
    const old = entries.get(key);
    const isPair = PAIRS.test(path) && value.kind === 'scalar' && value.tag === undefined;
    const made = old === undefined ? withoutReset(value, below) : isPair ? value : merge(old, value, below);
    if (made) entries.set(key, made);
    else entries.delete(key);
  }
  return { ...base, source: over.source, entries };
}

function otherDriver(base: Mapping, over: Mapping): boolean {
  const [old, made] = [base.entries.get('driver'), over.entries.get('driver')];
  return old !== undefined && made !== undefined && text(old) !== text(made);
}

/** Of entries with the same key the last one stays, at the place of the first. */
function unique(items: Node[], path: string, own: number): Node[] {
  const key = UNIQUE.find(([pattern]) => pattern.test(path))?.[1];
  if (!key) return items;
  const merged: Node[] = [];
  const places = new Map<string, number>();
  for (const [index, item] of items.entries()) {
    const name = key(item);
    const place = places.get(name);
    if (place === undefined) {
      places.set(name, merged.length);
      merged.push(item);
    } else {
      const old = merged[place];
      const both = path.endsWith('ipam.config') && index >= own && old ? merge(old, item, `${path}.0`) : undefined;
      merged[place] = both ?? item;
    }
  }
  return merged;
}

/** What is reset and has nothing before it is not there; keys that say so are dropped at every level. */
export function withoutReset(node: Node, path = ''): Node | undefined {
  if (node.tag === 'reset') return undefined;
  const own = node.tag ? untagged(node) : node;
  if (own.kind === 'scalar') return own;
  if (own.kind === 'list') {
    const items = own.items.map((item, index) => withoutReset(item, `${path}.${index}`));
    return {
      ...own,
      items: unique(
        items.filter((item) => item !== undefined),
        path,
        0,
      ),
    };
  }
  const entries = new Map<string, Node>();
  for (const [key, value] of own.entries) {
    const made = withoutReset(value, path === '' ? key : `${path}.${key}`);
    if (made) entries.set(key, made);
  }
  return { ...own, entries };
}

function untagged(node: Node): Node {
  const { tag: _, ...rest } = node;
  return rest;
}
