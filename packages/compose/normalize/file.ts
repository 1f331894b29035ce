import { inPlaceOf, list, scalar, valueText } from '../load/node.ts';
import { bool, each, type Form, fields, fullPairs, integer, shortAs, string, strings, values } from './forms.ts';
import { absolutePath, path } from './paths.ts';
import { service } from './service.ts';

/** `external: {name: x}` → `external: true` and `name: x`. */
const external: Form = (node) => {
  if (node.kind !== 'map') return node;
  const given = node.entries.get('external');
  if (given?.kind !== 'map') return node;
  const entries = new Map(node.entries);
  entries.set('external', inPlaceOf(given, scalar(given.source, true)));
  const name = given.entries.get('name');
  if (name && !entries.has('name')) entries.set('name', name);
  return { ...node, entries };
};

function resource(forms: Readonly<Record<string, Form>>): Form {
  const all = fields({ external: bool, labels: fullPairs, driver_opts: fullPairs, name: string, ...forms });
  return values((node, where, context) => all(external(node, where, context), where, context));
}

/** A volume that is a folder of the host may name it relative to the project. */
const volumeOptions: Form = (node, where, context) => {
  const made = fullPairs(node, where, context);
  const [option, device] = made.kind === 'map' ? [made.entries.get('o'), made.entries.get('device')] : [];
  const isBind = option?.kind === 'scalar' && /(^|,)r?bind(,|$)/.test(valueText(option.value));
  if (isBind && made.kind === 'map' && device?.kind === 'scalar' && typeof device.value === 'string')
    made.entries.set('device', { ...device, value: absolutePath(device.value, context) });
  return made;
};

const includes: Form = (node, where, context) => {
  const many = node.kind === 'list' ? node : inPlaceOf(node, list(node.source, []));
  return each(shortAs('path', { path: strings, env_file: strings }))(many, where, context);
};

/** A whole file in the long forms of the model; paths become absolute. */
export const file = fields({
  include: includes,
  services: values(service),
  networks: resource({
    internal: bool,
    attachable: bool,
    enable_ipv4: bool,
    enable_ipv6: bool,
    ipam: fields({ options: fullPairs }),
  }),
  volumes: resource({ driver_opts: volumeOptions }),
  secrets: resource({ file: path }),
  configs: resource({ file: path }),
  models: values(fields({ context_size: integer, runtime_flags: strings })),
});
