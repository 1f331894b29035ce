import { BerthError } from '@berth/kit';

/** Words with shell quotes and backslashes taken away. */
export function words(text: string): string[] {
  const found: string[] = [];
  for (const [raw] of text.matchAll(/(?:[^\s"'\\]|\\[\s\S]|"(?:[^"\\]|\\[\s\S])*"|'[^']*'|["'])+/g)) {
    found.push(
      raw.replace(
        /\\([\s\S])|"((?:[^"\\]|\\[\s\S])*)"|'([^']*)'/g,
        (_all, escaped?: string, double?: string, single?: string) => {
          // A dollar sign that was escaped or in single quotes is one, and no variable.
          if (escaped !== undefined) return escaped === '$' ? LITERAL_DOLLAR : escaped;
          if (single !== undefined) return single.replaceAll('$', LITERAL_DOLLAR);
          return (double ?? '').replace(/\\(["\\$])/g, (_, mark: string) => (mark === '$' ? LITERAL_DOLLAR : mark));
        },
      ),
    );
  }
  return found;
}

/** Stands for a dollar sign until variables are put in; no text on a command line can have it. */
const LITERAL_DOLLAR = '\0';

/** `A=1 B="two words"`, or the old form `A one value`. Errors: invalid. */
export function pairs(instruction: string, argument: string): [string, string][] {
  const found = words(argument);
  if (!(found[0] ?? '').includes('=')) {
    const old = /^(\S+)\s+([\s\S]+)$/.exec(argument);
    if (old === null) throw new BerthError('invalid', `${instruction} must have two arguments`);
    return [[old[1]!, old[2]!]];
  }
  return found.map((word) => {
    const equals = word.indexOf('=');
    if (equals < 0) {
      const form = 'Must be of the form: name=value';
      throw new BerthError('invalid', `Syntax error - can't find = in ${JSON.stringify(word)}. ${form}`);
    }
    if (equals === 0) throw new BerthError('invalid', `${instruction} names can not be blank`);
    return [word.slice(0, equals), word.slice(equals + 1)];
  });
}

/** Puts in variables: `$NAME`, `${NAME}`, `${NAME:-default}`, `${NAME:+other}`. `env` has entries `NAME=value`. */
export function expand(text: string, env: readonly string[]): string {
  const value = (name: string) => {
    const entry = env.findLast((one) => one.startsWith(`${name}=`));
    return entry?.slice(name.length + 1) ?? '';
  };
  const expanded = text.replace(
    /\$(?:([A-Za-z_][A-Za-z0-9_]*)|\{([A-Za-z_][A-Za-z0-9_]*)(?::([-+])([^}]*))?\})/g,
    (_all, plain?: string, name = '', operator?: string, other = '') => {
      const found = value(plain ?? name);
      if (operator === '-') return found === '' ? other : found;
      return operator === '+' ? (found === '' ? '' : other) : found;
    },
  );
  return expanded.replaceAll(LITERAL_DOLLAR, '$');
}
