import { quote } from '../text.ts';
import { goJson } from './json.ts';
import { element, findField, readField, sortedEntries, type Typed, type Value } from './value.ts';

/** How `%v` and its kin print: `plus` names struct fields, `sharp` prints Go syntax. */
export interface PrintStyle {
  plus?: boolean;
  sharp?: boolean;
}

/** A value as Go's `%v` prints it: `map[a:b]`, `[a b]`, `{a b}`, `&{a}`, `<nil>`. */
export function printValue(value: Value, style: PrintStyle = {}, depth = 0): string {
  if (!value) return '<nil>';
  const { type, v } = value;
  if (type.stringer && !style.sharp) return type.stringer(v);
  switch (type.kind) {
    case 'float':
      return goFloat(Number(v));
    case 'string':
      return style.sharp ? quote(String(v)) : String(v);
    case 'slice': {
      const items = Array.isArray(v) ? v.map((item) => printValue(element(type.elem, item), style, depth + 1)) : [];
      if (!style.sharp) return `[${items.join(' ')}]`;
      return Array.isArray(v) ? `${type.name}{${items.join(', ')}}` : `${type.name}(nil)`;
    }
    case 'map': {
      const items = sortedEntries(v).map(
        ([key, item]) => `${style.sharp ? quote(key) : key}:${printValue(element(type.elem, item), style, depth + 1)}`,
      );
      if (!style.sharp) return `map[${items.join(' ')}]`;
      return v === null ? `${type.name}(nil)` : `${type.name}{${items.join(', ')}}`;
    }
    case 'struct':
      return printStruct(value, style, depth);
    case 'pointer':
      return printPointer(value, style, depth);
    case 'interface':
      return printValue(element(type, v), style, depth);
    case 'context':
      // Go prints the row's private fields; what they say is in its JSON.
      return goJson(value, false);
    default:
      return String(v);
  }
}

function printStruct({ type, v }: Typed, style: PrintStyle, depth: number): string {
  if (type.kind !== 'struct') return '';
  const items = type.fields.map((field) => {
    const text = printValue(element(field.type, readField(field, v)), style, depth + 1);
    return style.plus || style.sharp ? `${field.name}:${text}` : text;
  });
  return style.sharp ? `${type.name}{${items.join(', ')}}` : `{${items.join(' ')}}`;
}

function printPointer({ type, v }: Typed, style: PrintStyle, depth: number): string {
  if (type.kind !== 'pointer') return '';
  if (v === null || v === undefined) return style.sharp ? `(${type.name})(nil)` : '<nil>';
  if (type.elem.stringer && !style.sharp) return type.elem.stringer(v);
  const composite = ['struct', 'map', 'slice'].includes(type.elem.kind);
  if (depth === 0 && composite) return `&${printValue({ type: type.elem, v }, style, depth + 1)}`;
  // Go prints the address here, which says nothing; any address is as good.
  return '0xc000000000';
}

/** `%v` of a float: shortest digits, exponent form below 1e-4 and from 1e+06 on. */
export function goFloat(v: number): string {
  if (Number.isNaN(v)) return 'NaN';
  if (!Number.isFinite(v)) return v > 0 ? '+Inf' : '-Inf';
  if (Object.is(v, -0)) return '-0';
  if (v === 0) return '0';
  const [mantissa = '', power = ''] = v.toExponential().split('e');
  const exponent = Number(power);
  if (exponent >= -4 && exponent < 6) return plainDigits(v);
  return `${mantissa}e${exponent < 0 ? '-' : '+'}${String(Math.abs(exponent)).padStart(2, '0')}`;
}

function plainDigits(v: number): string {
  const text = String(v);
  return text.includes('e') ? v.toFixed(20).replace(/\.?0+$/, '') : text;
}

/** Go's name for the dynamic type. */
export function typeName(value: Value): string {
  return value ? value.type.name : '<nil>';
}

/** True when a struct type has this field: used to tell a nil pointer from a wrong name. */
export function hasField(value: Typed, name: string): boolean {
  return value.type.kind === 'struct' && findField(value.type, name) !== undefined;
}
