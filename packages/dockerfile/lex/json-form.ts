/**
 * The exec form: a JSON array of strings and nothing after it. `undefined` means that the text is no JSON array and is read
 * as a shell line; `'mixed'` that it is one with something else than strings in it, which is an error.
 */
export function parseJsonForm(text: string): string[] | 'mixed' | undefined {
  if (!text.trimStart().startsWith('[')) return undefined;
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch {
    return undefined;
  }
  if (!Array.isArray(parsed)) return undefined;
  const strings = parsed.filter((value): value is string => typeof value === 'string');
  return strings.length === parsed.length ? strings : 'mixed';
}

export const MIXED_JSON = 'when using JSON array syntax, arrays must be comprised of strings only';
