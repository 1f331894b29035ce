import { type FilterValues, parseBoolean, parseFilters, parseInteger, parseTimestamp } from '@berth/contract';
import { BerthError } from '@berth/kit';
import type { ApiRequest } from './route.ts';

export const booleanOf = (request: ApiRequest, name: string): boolean => parseBoolean(request.query(name));

/** The `filters` parameter. Errors: invalid (`invalid filter`). */
export function filtersOf(request: ApiRequest): FilterValues {
  const filters = parseFilters(request.query('filters'));
  if (filters === undefined) throw new BerthError('invalid', 'invalid filter');
  return filters;
}

/** An integer, or undefined when the parameter is absent or empty. Errors: invalid, naming the parameter. */
export function integerOf(request: ApiRequest, name: string): number | undefined {
  const text = request.query(name);
  if (text === '') return undefined;
  const value = parseInteger(text);
  if (value === undefined)
    throw new BerthError('invalid', `invalid value for parameter ${name}: "${text}" is not an integer`);
  return value;
}

/** A moment in nanoseconds since the epoch, 0n when absent. Errors: invalid, naming the parameter. */
export function timestampOf(request: ApiRequest, name: string): bigint {
  const text = request.query(name);
  if (text === '') return 0n;
  const value = parseTimestamp(text);
  if (value === undefined) {
    throw new BerthError('invalid', `invalid value for parameter ${name}: "${text}" is not a timestamp`, {
      hint: 'Use seconds since the epoch, with a fraction if needed, or RFC 3339.',
    });
  }
  return value;
}

/** A text, or undefined when the parameter is absent or empty. */
export const textOf = (request: ApiRequest, name: string): string | undefined => request.query(name) || undefined;

/** Rows and columns of a terminal, from `h` and `w`. Errors: invalid unless both are there. */
export function sizeOf(request: ApiRequest): { height: number; width: number } {
  const [height, width] = [integerOf(request, 'h'), integerOf(request, 'w')];
  if (height === undefined || width === undefined || height < 0 || width < 0) {
    throw new BerthError('invalid', 'invalid size: h and w must be given, as numbers of rows and columns');
  }
  return { height, width };
}
