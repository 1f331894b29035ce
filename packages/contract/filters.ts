/** Docker's `filters` parameter, normalised: name → wished values. */
export type FilterValues = Record<string, string[]>;

/**
 * Reads the `filters` parameter: a JSON object of objects (`{"label":{"a=b":true}}`) or of lists (`{"label":["a=b"]}`,
 * the older form). Undefined when it is neither.
 */
export function parseFilters(text: string | null | undefined): FilterValues | undefined {
  if (text === null || text === undefined || text === '') return {};
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (parsed === null) return {};
  if (!isObject(parsed)) return undefined;
  const filters: FilterValues = Object.create(null) as FilterValues;
  for (const [name, wished] of Object.entries(parsed)) {
    const values = readValues(wished);
    if (values === undefined) return undefined;
    filters[name] = values;
  }
  return filters;
}

function readValues(wished: unknown): string[] | undefined {
  if (wished === null) return [];
  if (Array.isArray(wished)) return wished.every((value) => typeof value === 'string') ? wished : undefined;
  if (!isObject(wished)) return undefined;
  return Object.values(wished).every((value) => typeof value === 'boolean') ? Object.keys(wished) : undefined;
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The first filter that a verb does not know, or undefined. Docker's sentence is `invalid filter 'NAME'`. */
export function unknownFilter(filters: FilterValues, accepted: readonly string[]): string | undefined {
  return Object.keys(filters).find((name) => !accepted.includes(name));
}

/** True when `labels` has every wished `name` or `name=value`; an absent wish is always met. */
export function matchesLabels(
  labels: Readonly<Record<string, string>>,
  wished: readonly string[] | undefined,
): boolean {
  return (wished ?? []).every((wish) => {
    const equals = wish.indexOf('=');
    const name = equals < 0 ? wish : wish.slice(0, equals);
    return Object.hasOwn(labels, name) && (equals < 0 || labels[name] === wish.slice(equals + 1));
  });
}
