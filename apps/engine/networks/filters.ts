import { matchesLabels, parseTimestamp } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { isPredefined, type NetworkRecord } from './model.ts';

export type Filters = Readonly<Record<string, readonly string[]>>;

/** Whether a network fits all filters of a list. `isUsed` tells of containers in it. Errors: invalid (a filter or value that Docker does not have). */
export function fitsFilters(
  network: NetworkRecord,
  filters: Filters,
  isUsed: (network: NetworkRecord) => boolean,
): boolean {
  const any = (name: string, test: (value: string) => boolean) => {
    const values = filters[name] ?? [];
    return values.length === 0 || values.some(test);
  };
  return (
    any('name', (value) => matchesName(network.name, value)) &&
    any('id', (value) => network.id.startsWith(value)) &&
    any('driver', (value) => network.driver === value) &&
    any('scope', (value) => value === 'local') &&
    any('type', (value) => typeOf(value) === (isPredefined(network.name) ? 'builtin' : 'custom')) &&
    any('dangling', (value) => booleanOf(value) === (!isPredefined(network.name) && !isUsed(network))) &&
    fitsLabels(network.spec.labels, filters)
  );
}

/** The filters `label` and `label!`. */
export function fitsLabels(labels: Readonly<Record<string, string>>, filters: Filters): boolean {
  const unwanted = filters['label!'] ?? [];
  return matchesLabels(labels, filters['label']) && (unwanted.length === 0 || !matchesLabels(labels, unwanted));
}

/** Errors: invalid, naming the filter. */
export function checkFilterNames(filters: Filters, known: readonly string[]): void {
  for (const name of Object.keys(filters)) {
    if (!known.includes(name)) throw new BerthError('invalid', `invalid filter '${name}'`);
  }
}

/** Latest time of creation that the filter `until` lets through, in milliseconds since the epoch. Errors: invalid. */
export function untilOf(values: readonly string[] = [], now = Date.now()): number {
  const [text] = values;
  if (text === undefined) return Number.POSITIVE_INFINITY;
  if (values.length > 1) throw new BerthError('invalid', 'more than one until filter specified');
  if (/^(\d+(\.\d+)?(ns|us|µs|ms|s|m|h))+$/.test(text)) {
    const parts = text.matchAll(/(\d+(?:\.\d+)?)(ns|us|µs|ms|s|m|h)/g);
    return now - [...parts].reduce((sum, [, amount, unit]) => sum + Number(amount) * MILLISECONDS[unit!]!, 0);
  }
  const nanoseconds = parseTimestamp(text);
  if (nanoseconds !== undefined) return Number(nanoseconds / 1_000_000n);
  const local = Date.parse(text.length === 10 ? `${text}T00:00` : text);
  if (!/^\d{4}-\d\d-\d\d/.test(text) || Number.isNaN(local))
    throw new BerthError('invalid', `invalid filter 'until=${text}'`);
  return local;
}

/** A part of the name, or a regular expression, as Docker takes it. */
function matchesName(name: string, wished: string): boolean {
  if (name.includes(wished)) return true;
  try {
    return new RegExp(wished).test(name);
  } catch {
    return false;
  }
}

function typeOf(value: string): string {
  if (value === 'builtin' || value === 'custom') return value;
  throw new BerthError('invalid', `invalid filter: 'type'='${value}'`);
}

function booleanOf(value: string): boolean {
  if (['1', 'true', 'True', 'TRUE', 't', 'T'].includes(value)) return true;
  if (['0', 'false', 'False', 'FALSE', 'f', 'F'].includes(value)) return false;
  throw new BerthError('invalid', `invalid value for "dangling" filter: "${value}"`);
}

const MILLISECONDS: Record<string, number> = { ns: 1e-6, us: 1e-3, µs: 1e-3, ms: 1, s: 1000, m: 60_000, h: 3_600_000 };
