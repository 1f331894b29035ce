/** pflag's reason for a `--filter` without `=`. */
export function checkFilter(text: string): string {
  if (!text.includes('=')) throw new Error('bad format of filter (expected name=value)');
  return text;
}

/**
 * `name=value` texts to the API's filter: name to values. Those of the configuration (`pruneFilters`) are added, except
 * a label that the user asks the opposite of.
 */
export function readFilters(texts: readonly string[], configured: readonly string[] = []): Record<string, string[]> {
  const filters: Record<string, string[]> = {};
  const add = (text: string) => {
    const equals = text.indexOf('=');
    const name = text.slice(0, equals).trim().toLowerCase();
    const value = text.slice(equals + 1).trim();
    filters[name] = [...(filters[name] ?? []), value];
  };
  for (const text of texts) add(text);
  for (const text of configured) if (text.includes('=') && !isOpposed(text, filters)) add(text);
  return filters;
}

const OPPOSITE: Readonly<Record<string, string>> = { label: 'label!', 'label!': 'label' };

function isOpposed(text: string, filters: Record<string, string[]>): boolean {
  const equals = text.indexOf('=');
  const opposite = OPPOSITE[text.slice(0, equals)];
  return opposite !== undefined && (filters[opposite] ?? []).includes(text.slice(equals + 1));
}
