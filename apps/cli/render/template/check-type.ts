import { parseNumber } from './literals.ts';
import { describe, type Operand } from './nodes.ts';
import { type GoType, type Value, zero } from './value.ts';

/** Either the value as the parameter takes it, or what is wrong with it in Go's words. */
export type Checked = { value: Value } | { problem: string };

/** Go's rules for passing a value: any to an interface, a pointer's target to what it points to, nothing to what may be nil. */
export function checkType(value: Value, wanted: GoType): Checked {
  if (!value) {
    if (!canBeNil(wanted)) return { problem: `invalid value; expected ${wanted.name}` };
    return { value: wanted.kind === 'interface' ? undefined : { type: wanted, v: zero(wanted) } };
  }
  if (wanted.kind === 'interface' || value.type.name === wanted.name) return { value };
  const composite = value.type.kind === 'slice' || value.type.kind === 'map';
  if (composite && value.type.underlying === wanted.name) return { value };
  if (value.type.kind === 'pointer' && value.type.elem.name === wanted.name) {
    if (value.v === null) return { problem: `dereference of nil pointer of type ${wanted.name}` };
    return { value: { type: wanted, v: value.v } };
  }
  return { problem: `wrong type for value; expected ${wanted.name}; got ${value.type.name}` };
}

const CONSTANTS = { bool: 'bool', int: 'integer', uint: 'unsigned integer', float: 'float', string: 'string' } as const;

/** What is wrong with a constant as an argument of the wanted type; undefined: nothing. */
export function constantProblem(node: Operand, wanted: GoType): string | undefined {
  const { kind } = wanted;
  if (kind === 'interface') return undefined;
  const whole = node.kind === 'number' && parseNumber(node.text)?.float === false;
  const fits = {
    bool: node.kind === 'bool',
    int: whole,
    uint: whole && !node.text.startsWith('-'),
    float: node.kind === 'number',
    string: node.kind === 'string',
  };
  if (!(kind in fits)) return `can't handle ${describe(node)} for arg of type ${wanted.name}`;
  const known = kind as keyof typeof fits;
  return fits[known] ? undefined : `expected ${CONSTANTS[known]}; found ${describe(node)}`;
}

/** True for types whose zero value is nil. */
export function canBeNil(type: GoType): boolean {
  return ['interface', 'pointer', 'map', 'slice', 'context'].includes(type.kind);
}
