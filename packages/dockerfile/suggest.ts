/** Two letters away at most, as Docker does. */
const FAR = 3;

/**
 * ` (did you mean NAME?)`, or nothing when no name is near. Without `exactCase` the answer takes the case of the word.
 */
export function suggestion(word: string, names: readonly string[], exactCase = false): string {
  const best = nearest(word, names, exactCase);
  return best === undefined ? '' : ` (did you mean ${best}?)`;
}

/** The nearest name; undefined when none is near, or when the word is one of them. */
export function nearest(word: string, names: readonly string[], exactCase: boolean): string | undefined {
  const wanted = exactCase ? word : word.toLowerCase();
  let best: string | undefined;
  let distance = FAR;
  for (const name of names) {
    const candidate = exactCase ? name : name.toLowerCase();
    if (candidate === wanted) return undefined;
    if (Math.abs(candidate.length - wanted.length) >= distance) continue;
    const far = editDistance(wanted, candidate);
    if (far >= distance) continue;
    distance = far;
    best = exactCase ? name : inCaseOf(word, candidate);
  }
  return best;
}

function inCaseOf(word: string, lower: string): string {
  if (word === word.toLowerCase()) return lower;
  return word === word.toUpperCase() ? lower.toUpperCase() : lower;
}

/** Levenshtein's distance; only called with lengths that differ by less than FAR. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, index) => index);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const change = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(change, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
