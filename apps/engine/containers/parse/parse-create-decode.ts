import { BerthError } from '@berth/kit';

/**
 * Reads one JSON value as a wanted type, the way Go's decoder does it for Docker: absent and null give the zero value,
 * unknown fields are passed over, names match without regard to case, a wrong JSON type is refused (invalid).
 * `field` is the dotted path for the message.
 */
export type Read<T> = (value: unknown, field: string) => T;

export const text: Read<string> = (value, field) =>
  value == null ? '' : typeof value === 'string' ? value : mismatch(value, field, 'string');

export const flag: Read<boolean> = (value, field) =>
  value == null ? false : typeof value === 'boolean' ? value : mismatch(value, field, 'bool');

/** A whole number of 64 bits. Beyond 2^53 the last digits are lost, which no limit that is checked later can notice. */
export const integer: Read<number> = (value, field) => {
  if (value == null) return 0;
  if (typeof value !== 'number') return mismatch(value, field, 'int64');
  if (!Number.isInteger(value) || Math.abs(value) > 2 ** 63) return mismatch(value, field, 'int64', ` ${value}`);
  return value;
};

/** A JSON object whose members do not matter: Go's `struct{}`. */
export const empty: Read<object> = (value, field) => {
  if (value == null || isObject(value)) return {};
  return mismatch(value, field, 'struct {}');
};

/** A list of strings that may also be given as one string. */
export const command: Read<string[] | null> = (value, field) =>
  typeof value === 'string' ? [value] : nullable(list(text))(value, field);

export const list =
  <T>(read: Read<T>): Read<T[]> =>
  (value, field) => {
    if (value == null) return [];
    if (!Array.isArray(value)) return mismatch(value, field, '[]string');
    return value.map((item: unknown) => read(item, field));
  };

export const map =
  <T>(read: Read<T>): Read<Record<string, T>> =>
  (value, field) => {
    if (value == null) return {};
    if (!isObject(value)) return mismatch(value, field, 'map[string]string');
    return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, read(item, field)]));
  };

export const nullable =
  <T>(read: Read<T>): Read<T | null> =>
  (value, field) =>
    value == null ? null : read(value, field);

export const optional =
  <T>(read: Read<T>): Read<T | undefined> =>
  (value, field) =>
    value == null ? undefined : read(value, field);

export const struct =
  <F extends Record<string, Read<unknown>>>(fields: F): Read<{ [K in keyof F]: ReturnType<F[K]> }> =>
  (value, field) => {
    if (value != null && !isObject(value)) return mismatch(value, field, 'struct');
    const members = value == null ? {} : withFieldNames(value, namesOf(fields));
    const entries = Object.entries(fields).map(([name, read]) => [name, read(members[name], `${field}.${name}`)]);
    return Object.fromEntries(entries.filter(([, member]) => member !== undefined)) as {
      [K in keyof F]: ReturnType<F[K]>;
    };
  };

const folded = new WeakMap<object, Map<string, string>>();

function namesOf(fields: object): Map<string, string> {
  let names = folded.get(fields);
  if (!names) {
    names = new Map(Object.keys(fields).map((name) => [name.toLowerCase(), name]));
    folded.set(fields, names);
  }
  return names;
}

/** The members that have a field, under the field's own spelling. An exact spelling wins over another one. */
function withFieldNames(value: Record<string, unknown>, names: Map<string, string>): Record<string, unknown> {
  const members: Record<string, unknown> = {};
  for (const [key, member] of Object.entries(value)) {
    const name = names.get(key.toLowerCase());
    if (name !== undefined && (key === name || !Object.hasOwn(value, name))) members[name] = member;
  }
  return members;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function mismatch(value: unknown, field: string, wanted: string, detail = ''): never {
  const kind = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value;
  throw new BerthError(
    'invalid',
    `json: cannot unmarshal ${kind}${detail} into Go struct field ${field} of type ${wanted}`,
  );
}
