const UNITS = ['', 'k', 'm', 'g', 't', 'p'];

/** A size as Docker reads it (`64m`, `1.5 GiB`, `1024`), in bytes; undefined when it is none. */
export function parseSize(text: string): number | undefined {
  const match = /^(\d+(?:\.\d+)?) ?([kmgtp]?)(?:i?b)?$/i.exec(text);
  if (match === null || text.length > 40) return undefined;
  const bytes = Number(match[1]) * 1024 ** UNITS.indexOf((match[2] ?? '').toLowerCase());
  return Number.isSafeInteger(Math.floor(bytes)) ? Math.floor(bytes) : undefined;
}
