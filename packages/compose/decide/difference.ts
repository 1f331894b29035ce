import { canonicalJson } from '../containers/hash.ts';
import type { Plain } from '../load/node.ts';

/** Why something is done: a field that differs, or a sentence. */
export interface Reason {
  /** `environment.DEBUG`, `image`, `networks.default`; '' for a sentence alone. */
  field: string;
  from?: Plain | undefined;
  to?: Plain | undefined;
  /** What cannot be said as a difference. */
  note?: string;
}

/** The fields in which two configurations differ, down to single values; entries of lists as gone and added. */
export function difference(from: Plain | undefined, to: Plain | undefined, field = ''): Reason[] {
  if (from === undefined || to === undefined) return from === to ? [] : [{ field, from, to }];
  if (Array.isArray(from) && Array.isArray(to)) return listDifference(from, to, field);
  if (isObject(from) && isObject(to)) {
    const keys = [...new Set([...Object.keys(from), ...Object.keys(to)])].sort();
    return keys.flatMap((key) => difference(own(from, key), own(to, key), field === '' ? key : `${field}.${key}`));
  }
  return canonicalJson(from) === canonicalJson(to) ? [] : [{ field, from, to }];
}

/** Words of commands are one value; of other lists, entries come and go. */
function listDifference(from: Plain[], to: Plain[], field: string): Reason[] {
  if (canonicalJson(from) === canonicalJson(to)) return [];
  if (/(^|\.)(command|entrypoint|test)$/.test(field)) return [{ field, from, to }];
  const [old, made] = [from.map(canonicalJson), to.map(canonicalJson)];
  const gone = from.flatMap((value, index) =>
    made.includes(old[index] ?? '') ? [] : [{ field, from: value, to: undefined }],
  );
  const added = to.flatMap((value, index) =>
    old.includes(made[index] ?? '') ? [] : [{ field: `${field}.${index}`, from: undefined, to: value }],
  );
  return gone.length + added.length ? [...gone, ...added] : [{ field, from, to }];
}

const isObject = (value: Plain): value is { [key: string]: Plain } =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function own(object: { [key: string]: Plain }, key: string): Plain | undefined {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}
