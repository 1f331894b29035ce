import { BerthError } from '@berth/kit';

type Members = Readonly<Record<string, unknown>>;

/** Reads members of a request's body; what is missing or null is '' or empty. */
export interface BodyReader {
  /** Names match without regard to case, as Go's decoder has it; an exact spelling wins. */
  member(from: Members, name: string): unknown;
  text(from: Members, name: string): string;
  flag(from: Members, name: string): boolean | undefined;
  list(from: Members, name: string): string[];
  texts(from: Members, name: string): Record<string, string>;
  object(value: unknown, name: string): Record<string, unknown>;
  /** The error for a member of a wrong type, in the words of Go's decoder. */
  mismatch(field: string, wanted: string): BerthError;
}

/** A reader whose errors name members of the Go struct `struct`. Errors of all: invalid. */
export function bodyReader(struct: string): BodyReader {
  const mismatch = (field: string, wanted: string) =>
    new BerthError('invalid', `json: cannot unmarshal value into Go struct field ${struct}.${field} of type ${wanted}`);
  const string = (value: unknown, name: string, wanted: string): string => {
    if (typeof value !== 'string') throw mismatch(name, wanted);
    return value;
  };
  const object = (value: unknown, name: string): Record<string, unknown> => {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) throw mismatch(name, 'struct');
    return Object.fromEntries(Object.entries(value));
  };
  return {
    member,
    object,
    mismatch,
    text: (from, name) => string(member(from, name) ?? '', name, 'string'),
    flag(from, name) {
      const value = member(from, name);
      if (value == null) return undefined;
      if (typeof value !== 'boolean') throw mismatch(name, 'bool');
      return value;
    },
    list(from, name) {
      const value = member(from, name) ?? [];
      if (!Array.isArray(value)) throw mismatch(name, '[]string');
      return value.map((item: unknown) => string(item, name, '[]string'));
    },
    texts(from, name) {
      const entries = Object.entries(object(member(from, name) ?? {}, name));
      return Object.fromEntries(entries.map(([key, item]) => [key, string(item, name, 'map[string]string')]));
    },
  };
}

function member(from: Members, name: string): unknown {
  if (Object.hasOwn(from, name)) return from[name];
  const lower = name.toLowerCase();
  return Object.entries(from).find(([key]) => key.toLowerCase() === lower)?.[1];
}
