/** pflag's reason for a `--filter` without `=`. */
export function checkFilter(text: string): string {
  if (!text.includes('=')) throw new Error('bad format of filter (expected name=value)');
  return text;
}

/** `name=value` texts (and those of the configuration) to the API's filter: name to values. */
export function readFilters(texts: readonly string[], configured: readonly string[] = []): Record<string, string[]> {
  const filters: Record<string, string[]> = {};
  const add = (text: string) => {
    const equals = text.indexOf('=');
    const name = text.slice(0, equals).trim().toLowerCase();
    const value = text.slice(equals + 1).trim();
    filters[name] = [...(filters[name] ?? []), value];
  };
  for (const text of texts) add(text);
  for (const text of configured) if (text.includes('=')) add(text);
  return filters;
}
