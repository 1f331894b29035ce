/** One challenge of a `WWW-Authenticate` header (RFC 9110, 11.6.1). */
export interface Challenge {
  /** Lower case: `basic`, `bearer`. */
  scheme: string;
  /** Names in lower case. */
  parameters: ReadonlyMap<string, string>;
}

const LENGTH_MAX = 8192;
const TOKEN = /[!#$%&'*+.^_`|~0-9A-Za-z-]+/y;
const QUOTED = /"((?:[^"\\]|\\.)*)"/y;
const TOKEN68 = /[A-Za-z0-9._~+/-]+=*(?=\s*(?:,|$))/y;

/**
 * Reads all challenges of a `WWW-Authenticate` header. Never throws: what cannot be read ends the list, because a
 * challenge that was not understood is one that cannot be answered.
 */
export function parseChallenges(header: string | undefined): Challenge[] {
  const challenges: { scheme: string; parameters: Map<string, string> }[] = [];
  if (header === undefined || header.length > LENGTH_MAX) return challenges;
  const reader = createReader(header);
  for (;;) {
    reader.skip(/[\s,]*/y);
    const word = reader.take(TOKEN);
    if (word === undefined) return challenges;
    reader.skip(/[ \t]*/y);
    const current = challenges.at(-1);
    if (reader.skip(/=[ \t]*/y)) {
      const value = reader.quoted() ?? reader.take(TOKEN);
      if (value === undefined || current === undefined) return challenges;
      const name = word.toLowerCase();
      if (!current.parameters.has(name)) current.parameters.set(name, value);
      // After a parameter there is a comma or the end; anything else is no header.
      if (!reader.skip(/[ \t]*(?:,|$)/y)) return challenges;
    } else {
      challenges.push({ scheme: word.toLowerCase(), parameters: new Map() });
      reader.skip(TOKEN68);
    }
  }
}

function createReader(text: string) {
  let at = 0;
  const match = (pattern: RegExp) => {
    pattern.lastIndex = at;
    const found = pattern.exec(text);
    if (found !== null) at = pattern.lastIndex;
    return found;
  };
  return {
    take: (pattern: RegExp) => match(pattern)?.[0],
    /** True when something was skipped. */
    skip: (pattern: RegExp) => match(pattern) !== null,
    quoted: () => match(QUOTED)?.[1]?.replace(/\\(.)/g, '$1'),
  };
}
