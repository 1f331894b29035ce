/**
 * Indents JSON text without reading it as values, so that numbers, escapes and the order of keys stay as the engine
 * wrote them: Go's json.Indent. The text must be valid JSON.
 */
export function indentJson(text: string, unit = '    '): string {
  let depth = 0;
  return mapTokens(
    text,
    (token, next) => {
      if (token === '{' || token === '[') {
        if (next === '}' || next === ']') return token;
        depth++;
        return `${token}\n${unit.repeat(depth)}`;
      }
      if (token === ',') return `,\n${unit.repeat(depth)}`;
      if (token === ':') return ': ';
      return token;
    },
    () => `\n${unit.repeat(--depth)}`,
  );
}

/** Takes white space between tokens out: Go's json.Compact. */
export function compactJson(text: string): string {
  return mapTokens(
    text,
    (token) => token,
    () => '',
  );
}

const TOKEN = /"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/gs;

function mapTokens(
  text: string,
  show: (token: string, next: string | undefined) => string,
  close: () => string,
): string {
  const tokens = text.match(TOKEN) ?? [];
  let out = '';
  tokens.forEach((token, i) => {
    const previous = tokens[i - 1];
    const closes = token === '}' || token === ']';
    // An empty pair stays on its line.
    if (closes && previous !== '{' && previous !== '[') out += close();
    out += show(token, tokens[i + 1]);
  });
  return out;
}

/** Parses JSON; integers that a double cannot hold become bigints. */
export function parseExact(text: string): unknown {
  if (!/\d{16}/.test(text)) return JSON.parse(text);
  return JSON.parse(text, (_key, value: unknown, context?: { source?: string }) => {
    if (typeof value !== 'number' || Number.isSafeInteger(value) || !/^-?\d+$/.test(context?.source ?? ''))
      return value;
    return BigInt(context?.source ?? 0);
  });
}
