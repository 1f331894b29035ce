import { failAt, inPlaceOf, list, mapping, type Node, scalar, textOf, valueText } from '../load/node.ts';
import { shellWords } from './shell-words.ts';
import { durationOf, durationText, sizeOf } from './units.ts';

/** What the long form of a value depends on besides the value. */
export interface FormContext {
  /** Absolute folder that relative paths begin at. */
  workingDir: string;
  /** False leaves paths as written. */
  resolvePaths: boolean;
  home: string;
}

/** From what may be written to what the model holds. `path` is for errors. */
export type Form = (node: Node, path: string, context: FormContext) => Node;

/** `[A=1, B]` or `{A: 1, B: }` → `{A: "1", B: null}`. */
export const pairs: Form = (node, path) => toPairs(node, path, '=');

/** The same, where a name alone means an empty value: labels. */
export const fullPairs: Form = (node, path, context) => {
  const made = pairs(node, path, context);
  if (made.kind !== 'map') return made;
  for (const [key, value] of made.entries)
    if (value.kind === 'scalar' && value.value === null) made.entries.set(key, { ...value, value: '' });
  return made;
};

function toPairs(node: Node, path: string, separator: string): Node {
  if (node.kind === 'scalar') {
    if (node.value === null) return inPlaceOf(node, mapping(node.source));
    throw failAt(node.source, `${path} must be a mapping or a list of NAME${separator}VALUE`);
  }
  const made = inPlaceOf(node, mapping(node.source));
  if (node.kind === 'map') {
    for (const [key, value] of node.entries) made.entries.set(key, key.startsWith('x-') ? value : text(value));
    return made;
  }
  for (const item of node.items) {
    const line = textOf(item);
    const at = line.indexOf(separator);
    const value = scalar(item.source, at < 0 ? null : line.slice(at + 1));
    made.entries.set(at < 0 ? line : line.slice(0, at), { ...value, key: item.source });
  }
  return made;
}

/** Numbers and booleans become text; nothing stays nothing. */
function text(node: Node): Node {
  if (node.kind !== 'scalar' || node.value === null || typeof node.value === 'string') return node;
  return { ...node, value: valueText(node.value) };
}

export const string: Form = (node) => (node.kind === 'scalar' ? text(node) : node);

/** `services.web` and `ports` → `services.web.ports` */
function below(path: string, key: string): string {
  return path === '' ? key : `${path}.${key}`;
}

/** One value or several → several. */
export const strings: Form = (node) => {
  if (node.kind === 'list') return { ...node, items: node.items.map(text) };
  if (node.kind === 'scalar' && node.value !== null) return inPlaceOf(node, list(node.source, [text(node)]));
  return inPlaceOf(node, list(node.source, []));
};

/** A command line or its words → its words; nothing means: that of the image. */
export const command: Form = (node, path) => {
  if (node.kind === 'list') return { ...node, items: node.items.map(text) };
  if (node.kind !== 'scalar' || node.value === null) return node;
  const words = shellWords(valueText(node.value));
  if (!words) throw failAt(node.source, `${path}: a quote is not closed in ${JSON.stringify(node.value)}`);
  return inPlaceOf(
    node,
    list(
      node.source,
      words.map((word) => scalar(node.source, word)),
    ),
  );
};

/** `curl -f x` → `[CMD-SHELL, "curl -f x"]` */
export const healthTest: Form = (node) => {
  if (node.kind !== 'scalar' || node.value === null) return node;
  const words = [scalar(node.source, 'CMD-SHELL'), scalar(node.source, valueText(node.value))];
  return inPlaceOf(node, list(node.source, words));
};

export const bool: Form = (node, path) => {
  if (node.kind !== 'scalar' || typeof node.value === 'boolean' || node.value === null) return node;
  const word = valueText(node.value).toLowerCase();
  if (['true', '1', 't', 'y', 'yes', 'on'].includes(word)) return { ...node, value: true };
  if (['false', '0', 'f', 'n', 'no', 'off', ''].includes(word)) return { ...node, value: false };
  throw failAt(node.source, `${path}: invalid boolean: ${JSON.stringify(node.value)}; accepted are true and false`);
};

export const integer: Form = (node, path) => {
  const made = number(node, path, UNUSED);
  if (made.kind === 'scalar' && typeof made.value === 'number' && !Number.isInteger(made.value))
    throw failAt(node.source, `${path}: a whole number is wanted, found ${made.value}`);
  return made;
};

const UNUSED: FormContext = { workingDir: '', resolvePaths: false, home: '' };

export const number: Form = (node, path) => {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return node;
  if (!/^[-+]?(\d+(\.\d*)?|\.\d+)(e[-+]?\d+)?$/i.test(node.value.trim()))
    throw failAt(node.source, `${path}: a number is wanted, found ${JSON.stringify(node.value)}`);
  return { ...node, value: Number(node.value) };
};

/** A size in bytes as text: `64m` → `"67108864"`. */
export const size: Form = (node, path) =>
  node.kind === 'scalar' && node.value !== null ? { ...node, value: String(sizeOf(node, path)) } : node;

/** `90s` → `1m30s` */
export const duration: Form = (node, path) => {
  if (node.kind !== 'scalar' || node.value === null) return node;
  const given = valueText(node.value);
  const nanoseconds = durationOf(given);
  if (nanoseconds === undefined)
    throw failAt(
      node.source,
      `${path}: invalid duration ${JSON.stringify(given)}`,
      'Accepted are numbers with ns, us, ms, s, m, h: 1m30s.',
    );
  return { ...node, value: durationText(nanoseconds) };
};

/** Microseconds: a number, or a duration. */
export const microseconds: Form = (node, path) => {
  if (node.kind !== 'scalar' || typeof node.value !== 'string' || /^-?\d+$/.test(node.value))
    return integer(node, path, UNUSED);
  const nanoseconds = durationOf(node.value);
  if (nanoseconds === undefined) throw failAt(node.source, `${path}: invalid duration ${JSON.stringify(node.value)}`);
  return { ...node, value: Math.round(nanoseconds / 1000) };
};

/** File mode: a number, or octal text. */
export const mode: Form = (node, path) => {
  if (node.kind !== 'scalar' || typeof node.value !== 'string') return node;
  if (!/^(0o?)?[0-7]+$/.test(node.value))
    throw failAt(node.source, `${path}: invalid file mode ${JSON.stringify(node.value)}`);
  return { ...node, value: Number.parseInt(node.value.replace(/^0o/, ''), 8) };
};

/** Names in a list → a mapping of names to `filler`; mappings keep what they have. */
export function byName(filler: (item: Node) => Node, form?: Form): Form {
  return (node, path, context) => {
    const made = inPlaceOf(node, mapping(node.source));
    if (node.kind === 'list')
      for (const item of node.items) made.entries.set(textOf(item), { ...filler(item), key: item.source });
    if (node.kind === 'map')
      for (const [key, value] of node.entries)
        made.entries.set(key, form ? form(value, below(path, key), context) : value);
    return made;
  };
}

/** A mapping of named values; `forms` are used where their key is there. */
export function fields(forms: Readonly<Record<string, Form>>): Form {
  return (node, path, context) => {
    if (node.kind !== 'map') return node;
    const made = { ...node, entries: new Map(node.entries) };
    for (const [key, value] of node.entries) {
      const form = Object.hasOwn(forms, key) ? forms[key] : undefined;
      if (form && value.tag !== 'reset')
        made.entries.set(key, inPlaceOf(value, form(value, below(path, key), context)));
    }
    return made;
  };
}

/** The same form for every item of a list. */
export function each(form: Form): Form {
  return (node, path, context) =>
    node.kind === 'list'
      ? { ...node, items: node.items.map((item, index) => form(item, `${path}.${index}`, context)) }
      : node;
}

/** The same form for every value of a mapping. */
export function values(form: Form): Form {
  return (node, path, context) => {
    if (node.kind !== 'map') return node;
    const entries = [...node.entries].map(
      ([key, value]) =>
        [key, key.startsWith('x-') ? value : inPlaceOf(value, form(value, below(path, key), context))] as const,
    );
    return { ...node, entries: new Map(entries) };
  };
}

/** Text alone → a mapping with it at `key`, then the fields. */
export function shortAs(key: string, forms: Readonly<Record<string, Form>> = {}): Form {
  const long = fields(forms);
  return (node, path, context) => {
    if (node.kind !== 'scalar' || node.value === null) return long(node, path, context);
    const made = mapping(node.source, [[key, { ...text(node), key: node.source }]]);
    return long(inPlaceOf(node, made), path, context);
  };
}
