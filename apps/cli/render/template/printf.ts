import { quote } from '../text.ts';
import { goFloat, printValue, typeName } from './print.ts';
import type { Typed, Value } from './value.ts';

interface Verb {
  flags: string;
  width: number | undefined;
  precision: number | undefined;
  verb: string;
}

/** Go's own limit of widths and precisions. */
const MAX_WIDTH = 1_000_000;

/** Go's fmt.Sprintf, with its marks for wrong use: `%!d(string=x)`, `%!s(MISSING)`, `%!(EXTRA int=1)`. */
export function goSprintf(format: string, args: readonly Value[]): string {
  let next = 0;
  const star = (text: string | undefined): number | undefined => {
    if (text === undefined || text === '') return undefined;
    return text === '*' ? Number(args[next++]?.v ?? 0) : Number(text);
  };
  const out = format.replace(
    /%([+\-# 0]*)(\*|\d+)?(?:\.(\*|\d*))?(?:\[(\d+)\])?(.|$)/gsu,
    (
      _all,
      flags: string,
      width: string | undefined,
      precision: string | undefined,
      index: string | undefined,
      verb: string,
    ) => {
      const wide = star(width);
      const exact = precision === undefined ? undefined : (star(precision) ?? 0);
      const bad = (wide ?? 0) > MAX_WIDTH ? '%!(BADWIDTH)' : (exact ?? 0) > MAX_WIDTH ? '%!(BADPREC)' : '';
      if (bad !== '') return bad + formatVerb(args[next++], { flags, width: undefined, precision: undefined, verb });
      if (verb === '') return '%!(NOVERB)';
      if (verb === '%') return '%';
      if (index !== undefined) next = Number(index) - 1;
      if (next >= args.length) return `%!${verb}(${index === undefined ? 'MISSING' : 'BADINDEX'})`;
      return formatVerb(args[next++], { flags, width: wide, precision: exact, verb });
    },
  );
  if (next >= args.length || /\[\d+\]/.test(format)) return out;
  const extra = args.slice(next).map((arg) => (arg ? `${typeName(arg)}=${printValue(arg)}` : '<nil>'));
  return `${out}%!(EXTRA ${extra.join(', ')})`;
}

function formatVerb(value: Value, verb: Verb): string {
  if (verb.verb === 'T') return pad(typeName(value), verb);
  if (verb.verb === 'v') {
    const style = { plus: verb.flags.includes('+'), sharp: verb.flags.includes('#') };
    if (value && (value.type.kind === 'int' || value.type.kind === 'uint')) return formatInteger(value, verb, 10);
    if (value?.type.kind === 'float') return pad(goFloat(Number(value.v)), verb);
    if (value?.type.kind === 'string' && !style.sharp) return formatString(String(value.v), verb);
    return pad(printValue(value, style), verb);
  }
  return formatKind(value, verb) ?? badVerb(value, verb.verb);
}

/** undefined when the verb does not suit the value. */
function formatKind(value: Value, verb: Verb): string | undefined {
  if (!value) return undefined;
  if (value.type.stringer && 'sqxX'.includes(verb.verb)) return formatString(value.type.stringer(value.v), verb);
  switch (value.type.kind) {
    case 'string':
      return 'sqxX'.includes(verb.verb) ? formatString(String(value.v), verb) : undefined;
    case 'bool':
      return verb.verb === 't' ? pad(String(value.v), verb) : undefined;
    case 'int':
    case 'uint':
      return formatIntegerVerb(value, verb);
    case 'float':
      return formatFloat(Number(value.v), verb);
    case 'slice': {
      const { elem } = value.type;
      const items = Array.isArray(value.v) ? value.v : [];
      return `[${items.map((item: unknown) => formatVerb({ type: elem, v: item }, verb)).join(' ')}]`;
    }
    case 'map':
    case 'struct':
    case 'pointer':
      return verb.verb === 's' || verb.verb === 'd' ? printValue(value) : undefined;
    default:
      return undefined;
  }
}

function badVerb(value: Value, verb: string): string {
  return value ? `%!${verb}(${typeName(value)}=${printValue(value)})` : `%!${verb}(<nil>)`;
}

function formatString(text: string, verb: Verb): string {
  const cut = verb.precision === undefined ? text : [...text].slice(0, verb.precision).join('');
  if (verb.verb === 'q') return pad(quote(cut), verb);
  if (verb.verb === 'x' || verb.verb === 'X') {
    const separator = verb.flags.includes(' ') ? ' ' : '';
    const hex = [...Buffer.from(cut)].map((byte) => byte.toString(16).padStart(2, '0')).join(separator);
    return pad(verb.verb === 'X' ? hex.toUpperCase() : hex, verb);
  }
  return pad(cut, verb);
}

const BASES: Record<string, number> = { d: 10, b: 2, o: 8, O: 8, x: 16, X: 16 };

function formatIntegerVerb(value: Typed, verb: Verb): string | undefined {
  const base = BASES[verb.verb];
  if (base !== undefined) return formatInteger(value, verb, base);
  const code = Number(value.v);
  const char = code >= 0 && code <= 0x10ffff ? String.fromCodePoint(code) : '\ufffd';
  if (verb.verb === 'c') return pad(char, verb);
  if (verb.verb === 'q') return pad(`'${char === "'" ? "\\'" : quote(char).slice(1, -1).replace('\\"', '"')}'`, verb);
  if (verb.verb === 'U') return pad(`U+${code.toString(16).toUpperCase().padStart(4, '0')}`, verb);
  return undefined;
}

function formatInteger(value: Typed, verb: Verb, base: number): string {
  const number = BigInt(value.v as number | bigint);
  let digits = (number < 0n ? -number : number).toString(base);
  if (verb.verb === 'X') digits = digits.toUpperCase();
  const sign = number < 0n ? '-' : verb.flags.includes('+') ? '+' : verb.flags.includes(' ') ? ' ' : '';
  if (verb.precision !== undefined) digits = digits.padStart(verb.precision, '0');
  const prefix = verb.flags.includes('#') && base !== 10 ? ({ 2: '0b', 8: '0', 16: `0${verb.verb}` }[base] ?? '') : '';
  const lead = sign + (verb.verb === 'O' ? '0o' : prefix);
  if (verb.flags.includes('0') && !verb.flags.includes('-') && verb.precision === undefined) {
    digits = digits.padStart((verb.width ?? 0) - lead.length, '0');
  }
  return pad(lead + digits, { ...verb, flags: verb.flags.replace('0', '') });
}

function formatFloat(number: number, verb: Verb): string | undefined {
  let text: string;
  const exponent = (value: string) => value.replace(/e([+-])(\d)$/, 'e$10$2');
  if (verb.verb === 'f' || verb.verb === 'F') text = number.toFixed(verb.precision ?? 6);
  else if (verb.verb === 'e' || verb.verb === 'E') text = exponent(number.toExponential(verb.precision ?? 6));
  else if (verb.verb === 'g' || verb.verb === 'G') {
    text =
      verb.precision === undefined
        ? goFloat(number)
        : exponent(String(Number(number.toPrecision(verb.precision || 1))));
  } else return undefined;
  if (verb.verb === 'E' || verb.verb === 'G') text = text.toUpperCase();
  if (verb.flags.includes('+') && number >= 0) text = `+${text}`;
  return pad(text, verb);
}

function pad(text: string, verb: Verb): string {
  const missing = (verb.width ?? 0) - [...text].length;
  if (missing <= 0) return text;
  if (verb.flags.includes('-')) return text + ' '.repeat(missing);
  if (!verb.flags.includes('0')) return ' '.repeat(missing) + text;
  const sign = /^[+-]/.exec(text)?.[0] ?? '';
  return sign + '0'.repeat(missing) + text.slice(sign.length);
}
