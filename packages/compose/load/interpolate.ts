import { failAt, type Node, type Place, scalar, type VariableUse } from './node.ts';

/** A variable's value and where it was set: `environment`, or a file and line. */
export interface Variable {
  value: string;
  from: string;
}

export type Variables = ReadonlyMap<string, Variable>;

/** What interpolation says besides the value. */
export interface Interpolation {
  variables: Variables;
  /** Called once per name that is not set and has no default. */
  onUnset: (name: string) => void;
}

/** Nested defaults: `${a:-${b:-…}}`. */
const DEPTH_LIMIT = 64;

/** Puts variables into every text of a tree; keys are left alone. Errors name the place. */
export function interpolateTree(node: Node, how: Interpolation): Node {
  if (node.kind === 'list') return { ...node, items: node.items.map((item) => interpolateTree(item, how)) };
  if (node.kind === 'map') {
    const entries = [...node.entries].map(([key, value]) => [key, interpolateTree(value, how)] as const);
    return { ...node, entries: new Map(entries) };
  }
  if (typeof node.value !== 'string' || !node.value.includes('$')) return node;
  const uses: VariableUse[] = [];
  const value = interpolateText(node.value, how, node.source, uses);
  const source = uses.length ? { ...node.source, variables: uses } : node.source;
  return { ...node, ...scalar(source, value), source };
}

/** Puts variables into one text; `uses` takes what was used. */
export function interpolateText(text: string, how: Interpolation, place: Place, uses: VariableUse[] = []): string {
  return new Template(how, place, uses).expand(text, 0);
}

const NAME = /[_a-zA-Z][_a-zA-Z0-9]*/y;

class Template {
  readonly #how: Interpolation;
  readonly #place: Place;
  readonly #uses: VariableUse[];

  constructor(how: Interpolation, place: Place, uses: VariableUse[]) {
    this.#how = how;
    this.#place = place;
    this.#uses = uses;
  }

  expand(text: string, depth: number): string {
    if (depth > DEPTH_LIMIT)
      throw failAt(this.#place, `variables are nested deeper than ${DEPTH_LIMIT} levels in one value`);
    let result = '';
    let at = 0;
    for (;;) {
      const dollar = text.indexOf('$', at);
      if (dollar < 0) return result + text.slice(at);
      result += text.slice(at, dollar);
      const next = text[dollar + 1];
      if (next === '$') {
        result += '$';
        at = dollar + 2;
      } else if (next === '{') {
        const end = closing(text, dollar + 1);
        if (end < 0) throw this.#invalid(text);
        result += this.#braced(text.slice(dollar + 2, end), text, depth);
        at = end + 1;
      } else {
        const name = nameAt(text, dollar + 1);
        if (!name) throw this.#invalid(text);
        result += this.#value(name);
        at = dollar + 1 + name.length;
      }
    }
  }

  /** What stands between the braces. */
  #braced(inner: string, whole: string, depth: number): string {
    const name = nameAt(inner, 0);
    if (!name) throw this.#invalid(whole);
    const rest = inner.slice(name.length);
    if (rest === '') return this.#value(name);
    const [, operator = '', word = ''] = /^(:?[-?+])([\s\S]*)$/.exec(rest) ?? [];
    if (operator === '') throw this.#invalid(whole);
    const variable = this.#how.variables.get(name);
    const present = variable !== undefined && (!operator.startsWith(':') || variable.value !== '');
    const use = (from: string) => this.#uses.push({ name, from });
    if (operator.endsWith('+')) {
      use(variable?.from ?? 'unset');
      return present ? this.expand(word, depth + 1) : '';
    }
    if (present) {
      use(variable.from);
      return variable.value;
    }
    if (operator.endsWith('?')) {
      const reason = this.expand(word, depth + 1);
      throw failAt(this.#place, `required variable ${name} is missing a value${reason ? `: ${reason}` : ''}`);
    }
    use('default');
    return this.expand(word, depth + 1);
  }

  #value(name: string): string {
    const variable = this.#how.variables.get(name);
    this.#uses.push({ name, from: variable?.from ?? 'unset' });
    if (!variable) this.#how.onUnset(name);
    return variable?.value ?? '';
  }

  #invalid(text: string) {
    const shown = text.length > 200 ? `${text.slice(0, 200)}…` : text;
    return failAt(
      this.#place,
      `invalid interpolation format: ${JSON.stringify(shown)}`,
      // biome-ignore lint/suspicious/noTemplateCurlyInString: it is what people write in a Compose file
      'Write $NAME, ${NAME}, ${NAME:-default}, ${NAME-default}, ${NAME:?error}, ${NAME?error}, ${NAME:+other} or ${NAME+other}; a dollar sign itself is $$.',
    );
  }
}

function nameAt(text: string, at: number): string | undefined {
  NAME.lastIndex = at;
  return NAME.exec(text)?.[0];
}

/** The brace that closes the one at `open`; -1 when none does. */
function closing(text: string, open: number): number {
  let depth = 0;
  for (let at = open; at < text.length; at++) {
    if (text[at] === '{') depth++;
    else if (text[at] === '}' && --depth === 0) return at;
  }
  return -1;
}
