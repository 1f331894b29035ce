/** How values of one type are written on the command line and in `daemon.json`. Reading throws `Rejected`. */
export interface Kind<T> {
  /** For the reference table: `string`, `list of strings`, … */
  type: string;
  /** Word behind the flag in the help; '' for a switch, which needs no value. */
  placeholder: string;
  /** The flag may be repeated. */
  many: boolean;
  /** `values` has the flag's values in order, at least one; one exactly unless `many`. */
  fromFlag(values: readonly string[]): T;
  fromFile(value: unknown): T;
}

/** A value that is not taken. Who reads the whole adds where it stands. */
export class Rejected extends Error {
  /** What was found, as it was written. */
  readonly found: string;
  /** What would be taken: `a whole number from 0`. */
  readonly accepted: string;
  /** Where inside of the value, for example `.foo.path`. */
  readonly at: string;

  constructor(found: unknown, accepted: string, at = '') {
    super(`accepted is ${accepted}`);
    this.found = shown(found);
    this.accepted = accepted;
    this.at = at;
  }
}

const SHOWN_MAX = 200;

function shown(value: unknown): string {
  const text = JSON.stringify(value) ?? String(value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX)}…` : text;
}

/** Reads a JSON string. */
export function textOf(value: unknown, accepted: string, at = ''): string {
  if (typeof value !== 'string') throw new Rejected(value, accepted, at);
  return value;
}

/** Reads a JSON object. */
export function objectOf(value: unknown, accepted: string, at = ''): Record<string, unknown> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw new Rejected(value, accepted, at);
  return value as Record<string, unknown>;
}

/** Reads a JSON object that has these keys only, whatever their case. */
export function fieldsOf(value: unknown, names: readonly string[], accepted: string, at = ''): Record<string, unknown> {
  const fields = objectOf(value, accepted, at);
  return Object.fromEntries(
    Object.entries(fields).map(([key, field]) => {
      const name = names.find((known) => known.toLowerCase() === key.toLowerCase());
      if (name === undefined) throw new Rejected(key, accepted, at);
      return [name, field];
    }),
  );
}
