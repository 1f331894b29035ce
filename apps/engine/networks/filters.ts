import { matchesLabels, parseTimestamp } from '@berth/contract';
import { BerthError } from '@berth/kit';
import { patternMatcher } from '../filters/pattern.ts';
import { isPredefined, type NetworkRecord, scopeOf } from './model.ts';

export type Filters = Readonly<Record<string, readonly string[]>>;

/**
 * The networks that fit all filters of a list. `isUsed` tells of containers in one.
 * Errors: invalid (a filter or value that Docker does not have).
 */
export function filterNetworks(
  networks: readonly NetworkRecord[],
  filters: Filters,
  isUsed: (network: NetworkRecord) => boolean,
): NetworkRecord[] {
  const matches = (filter: string, text: (network: NetworkRecord) => string) => {
    const tests = (filters[filter] ?? []).map((pattern) => patternMatcher(pattern, () => networks.map(text)));
    return (network: NetworkRecord) => tests.length === 0 || tests.some((test) => test(text(network)));
  };
  const any = (filter: string, test: (value: string) => boolean) => {
    const values = filters[filter] ?? [];
    return values.length === 0 || values.some(test);
  };
  const hasName = matches('name', ({ name }) => name);
  const hasId = matches('id', ({ id }) => id);
  const danglings = (filters['dangling'] ?? []).map(booleanOf);
  const types = (filters['type'] ?? []).map(typeOf);
  return networks.filter((network) => {
    const custom = !isPredefined(network.name);
    return (
      hasName(network) &&
      hasId(network) &&
      any('driver', (value) => network.driver === value) &&
      any('scope', (value) => value === scopeOf(network)) &&
      (types.length === 0 || types.includes(custom ? 'custom' : 'builtin')) &&
      (danglings.length === 0 || danglings.includes(custom && !isUsed(network))) &&
      fitsLabels(network.spec.labels, filters)
    );
  });
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
