import { type FilterValues, matchesLabels, unknownFilter } from '@berth/contract';
import { BerthError } from '@berth/kit';
import type { EngineEvent } from './model.ts';

const ACCEPTED = [
  ...['config', 'container', 'daemon', 'event', 'image', 'label', 'network', 'node', 'plugin'],
  ...['scope', 'secret', 'service', 'type', 'volume'],
];
/** Objects that are named by id prefix or name, whatever the event's type, as Docker has it. */
const BY_NAME = ['config', 'container', 'daemon', 'network', 'node', 'plugin', 'secret', 'service', 'volume'];
/** Actions with details behind a colon (`exec_create: sh`), found by their first word too. */
const DETAILED = ['health_status', 'exec_create', 'exec_start'];

/** Makes a predicate of the `filters` of GET /events. Errors: invalid for a filter that Docker does not have. */
export function createEventFilter(filters: FilterValues): (event: EngineEvent) => boolean {
  const unknown = unknownFilter(filters, ACCEPTED);
  if (unknown !== undefined) throw new BerthError('invalid', `invalid filter '${unknown}'`);
  const names = BY_NAME.filter((name) => wishes(filters, name).length > 0);
  return (event) =>
    matchesAction(filters, event.action) &&
    isWished(filters, 'type', event.type) &&
    isWished(filters, 'scope', 'local') &&
    names.every((name) => matchesName(wishes(filters, name), event)) &&
    matchesImage(filters, event) &&
    matchesLabels(event.attributes, filters['label']);
}

function wishes(filters: FilterValues, name: string): readonly string[] {
  return filters[name] ?? [];
}

function isWished(filters: FilterValues, name: string, value: string): boolean {
  const wished = wishes(filters, name);
  return wished.length === 0 || wished.includes(value);
}

function matchesAction(filters: FilterValues, action: string): boolean {
  const wished = wishes(filters, 'event');
  if (wished.length === 0 || wished.includes(action)) return true;
  return wished.some((wish) => DETAILED.includes(wish)) && wished.some((wish) => action.startsWith(wish));
}

function matchesName(wished: readonly string[], event: EngineEvent): boolean {
  const name = event.attributes['name'];
  return wished.some((wish) => event.actorId.startsWith(wish) || name?.startsWith(wish) === true);
}

function matchesImage(filters: FilterValues, { type, actorId, attributes }: EngineEvent): boolean {
  const wished = wishes(filters, 'image');
  if (wished.length === 0) return true;
  const name = attributes[type === 'image' ? 'name' : 'image'] ?? '';
  return [actorId, name, withoutTag(actorId), withoutTag(name)].some(
    (candidate) => candidate !== '' && wished.includes(candidate),
  );
}

/** `registry:5000/a:b` → `registry:5000/a`; a digest goes as well. */
function withoutTag(reference: string): string {
  const name = reference.split('@', 1)[0]!;
  const colon = name.lastIndexOf(':');
  return colon > name.lastIndexOf('/') ? name.slice(0, colon) : name;
}
