import { type FilterValues, matchesLabels, unknownFilter } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { patternMatcher } from '../filters/pattern.ts';
import type { VolumeContext } from './context.ts';
import type { VolumeRecord } from './model.ts';
import { show, type VolumeResource } from './show.ts';

const FILTERS = ['dangling', 'driver', 'label', 'name'];

/** GET /volumes, in the order of names. Errors: invalid (filter). */
export function listVolumes(context: VolumeContext, filters: FilterValues): VolumeResource[] {
  const unknown = unknownFilter(filters, FILTERS);
  if (unknown !== undefined) throw new BerthError('invalid', `invalid filter '${unknown}'`);
  const holds = compile(context, filters);
  return [...context.store.all()]
    .filter(holds)
    .sort((a, b) => (a.name < b.name ? -1 : 1))
    .map((volume) => show(context, volume));
}

function compile(context: VolumeContext, filters: FilterValues): (volume: VolumeRecord) => boolean {
  const { driver = [], label, name = [] } = filters;
  const dangling = flagOf(filters, 'dangling');
  const users = dangling === undefined ? undefined : context.users().userCounts();
  const names = name.map((value) => patternMatcher(value, () => [...context.store.all()].map((one) => one.name)));
  return (volume) =>
    (driver.length === 0 || driver.includes(volume.driver)) &&
    matchesLabels(volume.labels ?? {}, label) &&
    (names.length === 0 || names.some((matches) => matches(volume.name))) &&
    (users === undefined || !users.has(volume.id) === dangling);
}

/** A filter that is yes or no; undefined when it was not given. Errors: invalid, in Docker's words. */
export function flagOf(filters: FilterValues, name: string): boolean | undefined {
  const values = filters[name] ?? [];
  if (values.length === 0) return undefined;
  const [value = ''] = values;
  if (values.length === 1 && /^(1|true|True|TRUE|t|T)$/.test(value)) return true;
  if (values.length === 1 && /^(0|false|False|FALSE|f|F)$/.test(value)) return false;
  throw new BerthError('invalid', `invalid filter '${name}=[${values.join(' ')}]'`);
}
