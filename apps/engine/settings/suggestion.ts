/** `Did you mean "x"?` with the known name that is nearest to what was written, or undefined when none is near. */
export function suggestion(written: string, known: readonly string[], prefix = ''): string | undefined {
  let best: { name: string; distance: number } | undefined;
  for (const name of known) {
    const distance = plain(written) === plain(name) ? 0 : editDistance(written.toLowerCase(), name.toLowerCase());
    if (!best || distance < best.distance) best = { name, distance };
  }
  if (!best || best.distance > Math.max(2, written.length / 4)) return undefined;
  return `Did you mean "${prefix}${best.name}"?`;
}

/** Singular and plural, dashes and underscores are often taken for each other. */
function plain(name: string): string {
  return name
    .toLowerCase()
    .replace(/[-_.]/g, '')
    .replace(/(ies|y|s)$/, '');
}

/** Levenshtein's. Names are short. */
function editDistance(a: string, b: string): number {
  let previous = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const change = previous[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(change, previous[column]! + 1, current[column - 1]! + 1));
    }
    previous = current;
  }
  return previous[b.length]!;
}
