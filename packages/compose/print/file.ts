import { stringify } from 'yaml';
import { entry, type Mapping, type Node, type Plain, plain } from '../load/node.ts';
import type { Project, Service } from '../model.ts';

/** The project as one file in the form of the model; only some services with what they use, or all that are active. */
export function composeFile(
  project: Project,
  services: readonly string[] | undefined,
  options: { normalized: boolean; interpolated?: boolean },
): { [key: string]: Plain } {
  const names = (services ?? Object.keys(project.services)).filter((name) => project.services[name]).sort();
  const all = names.map((name) => project.services[name] ?? {});
  const used = (
    section: 'networks' | 'volumes' | 'secrets' | 'configs' | 'models',
    keys: (service: Service) => (string | undefined)[],
  ) => {
    const wanted = new Set(all.flatMap(keys));
    const present = Object.entries(project[section]).filter(([key]) => services === undefined || wanted.has(key));
    return present.length ? { [section]: sorted(Object.fromEntries(present) as Plain) } : {};
  };
  const made = names.map((name) => [name, sorted(servicePart(project.services[name] ?? {}, options))] as const);
  return {
    name: project.name,
    services: Object.fromEntries(made),
    ...used('networks', (service) => Object.keys(service.networks ?? {})),
    ...used('volumes', (service) => (service.volumes ?? []).map(({ source }) => source)),
    ...used('secrets', (service) =>
      [...(service.secrets ?? []), ...(service.build?.secrets ?? [])].map(({ source }) => source),
    ),
    ...used('configs', (service) => (service.configs ?? []).map(({ source }) => source)),
    ...used('models', (service) => Object.keys(service.models ?? {})),
    ...project.extensions,
  };
}

/** As Compose prints services: command and entrypoint also when they are the image's. */
function servicePart(
  service: Service,
  { normalized, interpolated = true }: { normalized: boolean; interpolated?: boolean },
): Plain {
  const made = (interpolated ? escaped(service as Plain) : service) as { [key: string]: Plain };
  return normalized ? { command: null, entrypoint: null, ...made } : made;
}

/** What is printed may be read again: a dollar sign is written twice. */
function escaped(value: Plain): Plain {
  if (typeof value === 'string') return value.replaceAll('$', '$$$$');
  if (Array.isArray(value)) return value.map(escaped);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, escaped(one)]));
}

function sorted(value: Plain): Plain {
  if (Array.isArray(value)) return value.map(sorted);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.keys(value)
      .sort()
      .map((key) => [key, sorted(value[key] ?? null)]),
  );
}

export function toYaml(value: Plain): string {
  return stringify(value, {
    version: '1.1',
    lineWidth: 0,
    aliasDuplicateObjects: false,
    singleQuote: false,
    nullStr: 'null',
  });
}

/** Every value of the services, with where it comes from: `services.web.image: nginx:1 # compose.yaml:3 (TAG from .env:1)`. */
export function provenance(project: Project, services: readonly string[]): string {
  const lines: string[] = [];
  const walk = (node: Node, path: string) => {
    if (node.kind === 'map' && node.entries.size)
      for (const [key, value] of node.entries) walk(value, `${path}.${key}`);
    else if (node.kind === 'list' && node.items.length && node.items.some(({ kind }) => kind !== 'scalar'))
      for (const [index, item] of node.items.entries()) walk(item, `${path}[${index}]`);
    else lines.push(`${path}: ${JSON.stringify(plain(node))} # ${sourceText(node)}`);
  };
  const root: Mapping = project.tree;
  const all = entry(root, 'services');
  for (const name of services) {
    const service = entry(all, name);
    if (service) walk(service, `services.${name}`);
  }
  for (const section of ['networks', 'volumes', 'secrets', 'configs', 'models']) {
    const found = entry(root, section);
    if (found?.kind === 'map') for (const [key, value] of found.entries) walk(value, `${section}.${key}`);
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** `compose.yaml:3 (TAG from .env:1)`, `default`. */
export function sourceText({ source }: Node): string {
  const place = source.line > 0 ? `${source.file}:${source.line}` : source.file;
  const uses = (source.variables ?? []).map(({ name, from }) =>
    from === 'default'
      ? `${name} is not set: its default`
      : from === 'unset'
        ? `${name} is not set`
        : `${name} from ${from}`,
  );
  return uses.length ? `${place} (${uses.join(', ')})` : place;
}

/** The source of a field of a service, by its path in the configuration: `environment.DEBUG`, `ports.0`. */
export function sourceOfField(project: Project, service: string, field: string): string | undefined {
  let node: Node | undefined = entry(entry(project.tree, 'services'), service);
  let last = node;
  for (const key of field === '' ? [] : splitField(field, node)) {
    node = node?.kind === 'list' ? node.items[Number(key)] : entry(node, key);
    if (!node) break;
    last = node;
  }
  return last && sourceText(last);
}

/** Keys may hold dots themselves: labels do. The longest that is there counts. */
function splitField(field: string, node: Node | undefined): string[] {
  const keys: string[] = [];
  let at = node;
  let rest = field;
  while (rest !== '') {
    const parts = rest.split('.');
    let taken = parts[0] ?? '';
    for (let count = parts.length; count > 0; count--) {
      const name = parts.slice(0, count).join('.');
      if (entry(at, name)) {
        taken = name;
        break;
      }
    }
    keys.push(taken);
    at = at?.kind === 'list' ? at.items[Number(taken)] : entry(at, taken);
    rest = rest.slice(taken.length + 1);
  }
  return keys;
}
