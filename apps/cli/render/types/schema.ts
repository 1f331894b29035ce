import type { GoType, StructField } from '../template/value.ts';
import { goDuration, goTimeText } from '../time.ts';

/**
 * Go types of the API as text, because templates see them: `{{.State}}` prints fields in Go's order, `{{json .State}}`
 * writes those that the engine left out. One line per field:
 *
 *     Name[:wire] type[?]
 *
 * `?` is omitempty, `:-` is not marshalled, `+type` embeds, a text that begins with `=` names another type.
 */
export type TypeTexts = Readonly<Record<string, string>>;

/** The type of this name; types that it mentions are read when they are first looked at, so that they may be circular. */
export function goType(name: string, texts: TypeTexts, known = new Map<string, GoType>()): GoType {
  const present = known.get(name);
  if (present) return present;
  const type = readType(name, texts, known);
  known.set(name, type);
  return type;
}

const SCALARS: Record<string, GoType> = {
  string: { kind: 'string', name: 'string' },
  bool: { kind: 'bool', name: 'bool' },
  float64: { kind: 'float', name: 'float64' },
  any: { kind: 'interface', name: 'interface {}' },
  'struct {}': { kind: 'struct', name: 'struct {}', fields: [] },
  'time.Duration': { kind: 'int', name: 'time.Duration', stringer: (v) => goDuration(Number(v)) },
  'time.Time': { kind: 'struct', name: 'time.Time', fields: [], stringer: timeText },
};
for (const name of ['int', 'int64', 'int32']) SCALARS[name] = { kind: 'int', name };
for (const name of ['uint', 'uint8', 'uint16', 'uint32', 'uint64']) SCALARS[name] = { kind: 'uint', name };

/** Structs that print themselves. */
const STRINGERS: Record<string, (v: unknown) => string> = {
  'units.Ulimit': (v) => {
    const { Name, Soft, Hard } = v as Record<string, unknown>;
    return `${Name}=${Soft}:${Hard}`;
  },
};

function timeText(v: unknown): string {
  return typeof v === 'string' ? goTimeText(v) : '0001-01-01 00:00:00 +0000 UTC';
}

function readType(name: string, texts: TypeTexts, known: Map<string, GoType>): GoType {
  const inner = (rest: string) => goType(rest, texts, known);
  const scalar = SCALARS[name];
  if (scalar) return scalar;
  if (name.startsWith('*'))
    return lazyElem({ kind: 'pointer', name, elem: SCALARS.any as GoType }, () => inner(name.slice(1)));
  const sequence = /^\[(\d*)\](.+)$/.exec(name);
  if (sequence) {
    const length = sequence[1] ? { length: Number(sequence[1]) } : {};
    return lazyElem({ kind: 'slice', name, elem: SCALARS.any as GoType, ...length }, () => inner(sequence[2] ?? ''));
  }
  const map = /^map\[[^\]]+\](.+)$/.exec(name);
  if (map) return lazyElem({ kind: 'map', name, elem: SCALARS.any as GoType }, () => inner(map[1] ?? ''));
  const text = texts[name];
  if (text === undefined) throw new Error(`Go type ${name} is not described`);
  if (text.startsWith('=')) {
    const other = inner(text.slice(1).trim());
    return { ...other, name, underlying: other.name };
  }
  const stringer = STRINGERS[name];
  return { kind: 'struct', name, fields: readFields(text, texts, known), ...(stringer && { stringer }) };
}

function lazyElem<T extends GoType>(type: T, elem: () => GoType): T {
  return Object.defineProperty(type, 'elem', { get: elem, enumerable: true });
}

function readFields(text: string, texts: TypeTexts, known: Map<string, GoType>): StructField[] {
  const lines = text.split('\n').map((line) => line.trim());
  return lines
    .filter((line) => line !== '')
    .map((line) => {
      const embedded = line.startsWith('+');
      const match = /^\+?(?:([\w]+)(?::(\S+))? +)?(.+?)(\?)?$/.exec(line);
      const [, written, wire, typeText = '', omit] = match ?? [];
      const name = written ?? typeText.replace(/^\*/, '').replace(/^.*\./, '');
      const json = embedded || wire === '-' ? undefined : (wire ?? name);
      const field = { name, json, omitEmpty: omit !== undefined, embedded, type: SCALARS.any as GoType };
      return Object.defineProperty(field, 'type', { get: () => goType(typeText, texts, known), enumerable: true });
    });
}
