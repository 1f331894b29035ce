import { isObject } from '@berth/oci';
import type { Grant } from './scope.ts';

const GRANTS_MAX = 1_000;

/** Whether a claim `access` has the shape that it must have. Types that are not ours stay: they give nothing. */
export function isGrants(value: unknown): value is Grant[] {
  return (
    Array.isArray(value) &&
    value.length <= GRANTS_MAX &&
    value.every(
      (grant) =>
        isObject(grant) &&
        typeof grant['type'] === 'string' &&
        typeof grant['name'] === 'string' &&
        Array.isArray(grant['actions']) &&
        grant['actions'].every((action) => typeof action === 'string'),
    )
  );
}
