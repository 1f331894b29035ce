// Long because it is one interpreter whose steps call each other; its type checks stand in check-type.ts.
import { quote } from '../text.ts';
import { canBeNil, checkType, constantProblem } from './check-type.ts';
import { TemplateError } from './error.ts';
import type { GoFunction } from './functions.ts';
import { parseNumber } from './literals.ts';
import { type Branch, type Command, describe, type Node, type Operand, type Pipe, type Template } from './nodes.ts';
import { hasField, printValue } from './print.ts';
import {
  element,
  FLOAT,
  findField,
  type GoType,
  goValue,
  INT,
  indirect,
  isTrue,
  type Method,
  STRING,
  sortedEntries,
  type Typed,
  type Value,
} from './value.ts';

export interface ExecuteOptions {
  functions: Readonly<Record<string, GoFunction>>;
  /** Go's `missingkey=error`: an entry that a map does not have is an error instead of `<no value>`. */
  missingKeyIsError?: boolean;
}

/**
 * Runs a template over `data`. Throws TemplateError with Go's message,
 * `template: NAME:LINE:COLUMN: executing "NAME" at <NODE>: …`.
 */
export function executeTemplate(template: Template, data: Value, options: ExecuteOptions): string {
  return new Run(template, options).start(data);
}

/** As `executeTemplate`, but an error only ends the text, as it ends what Go's writer gets. */
export function executePartly(
  template: Template,
  data: Value,
  options: ExecuteOptions,
): { text: string; error?: string } {
  try {
    return { text: executeTemplate(template, data, options) };
  } catch (error) {
    if (error instanceof TemplateError) return { text: error.partial, error: error.message };
    throw error;
  }
}

/** No piped value (which differs from a piped value that is nothing). */
const MISSING = Symbol('missing');
type Final = Value | typeof MISSING;

class Jump {
  readonly kind: 'break' | 'continue';
  constructor(kind: 'break' | 'continue') {
    this.kind = kind;
  }
}

/** Go stops at 100,000; our stack is smaller, and no honest template comes near. */
const MAX_DEPTH = 1_000;
/** A template cannot be made to print without end. */
const MAX_OUTPUT = 512 * 1024 * 1024;

class Run {
  out = '';
  #template: Template;
  #options: ExecuteOptions;
  #variables: { name: string; value: Value }[] = [];
  #name: string;
  #depth = 0;
  #node: Operand | Node | Command | undefined;

  constructor(template: Template, options: ExecuteOptions) {
    this.#template = template;
    this.#options = options;
    this.#name = template.name;
  }

  start(data: Value): string {
    this.#variables = [{ name: '$', value: data }];
    this.#walkList(data, this.#template.root);
    return this.out;
  }

  #walkList(dot: Value, nodes: readonly Node[]): void {
    for (const node of nodes) this.#walk(dot, node);
  }

  #walk(dot: Value, node: Node): void {
    this.#node = node;
    switch (node.kind) {
      case 'text':
        this.#write(node.text);
        return;
      case 'action': {
        const value = this.#pipeline(dot, node.pipe);
        if (node.pipe.declares.length === 0) this.#print(value);
        return;
      }
      case 'range':
        this.#walkRange(dot, node);
        return;
      case 'template':
        this.#walkTemplate(dot, node);
        return;
      case 'break':
      case 'continue':
        throw new Jump(node.kind);
      default:
        this.#walkCondition(dot, node);
    }
  }

  #write(text: string): void {
    this.out += text;
    if (this.out.length > MAX_OUTPUT) this.#fail('output is too large');
  }

  #print(value: Value): void {
    if (!value) {
      this.#write('<no value>');
      return;
    }
    const at = value.type.kind === 'pointer' && !value.type.stringer ? indirect(value).value : value;
    this.#write(printValue(at));
  }

  #walkCondition(dot: Value, branch: Branch): void {
    const scope = this.#variables.length;
    const value = this.#pipeline(dot, branch.pipe);
    if (isTrue(value)) this.#walkList(branch.kind === 'with' ? value : dot, branch.list);
    else if (branch.otherwise) this.#walkList(dot, branch.otherwise);
    this.#variables.length = scope;
  }

  #walkRange(dot: Value, branch: Branch): void {
    const scope = this.#variables.length;
    const piped = this.#pipeline(dot, branch.pipe);
    const value = piped ? indirect(piped).value : undefined;
    const entries = value ? this.#rangeEntries(value) : undefined;
    const inner = this.#variables.length;
    for (const [index, item] of entries ?? []) {
      this.#declareRange(branch.pipe, index, item);
      try {
        this.#walkList(item, branch.list);
      } catch (jump) {
        if (!(jump instanceof Jump)) throw jump;
        if (jump.kind === 'break') break;
      } finally {
        this.#variables.length = inner;
      }
    }
    if (!entries || entries.length === 0) {
      if (!value) this.#fail("range can't iterate over <no value>");
      if (branch.otherwise) this.#walkList(dot, branch.otherwise);
    }
    this.#variables.length = scope;
  }

  #rangeEntries(value: Typed): [Value, Value][] {
    const { type, v } = value;
    if (type.kind === 'slice') {
      return (Array.isArray(v) ? v : []).map((item, i) => [goValue(i), element(type.elem, item)]);
    }
    if (type.kind === 'map') return sortedEntries(v).map(([key, item]) => [goValue(key), element(type.elem, item)]);
    if (type.kind === 'int') {
      if (Number(v) > 1_000_000) this.#fail(`range over ${v} is too long`);
      return Array.from({ length: Math.max(0, Number(v)) }, (_, i) => [goValue(i), goValue(i)]);
    }
    return this.#fail(`range can't iterate over ${printValue(value)}`);
  }

  #declareRange(pipe: Pipe, index: Value, item: Value): void {
    const [first, second] = pipe.declares;
    if (!first) return;
    if (pipe.assigns) {
      this.#assign(first.name, second ? index : item);
      if (second) this.#assign(second.name, item);
      return;
    }
    this.#setTop(second ? 2 : 1, second ? index : item);
    if (second) this.#setTop(1, item);
  }

  #setTop(distance: number, value: Value): void {
    const variable = this.#variables.at(-distance);
    if (variable) variable.value = value;
  }

  #assign(name: string, value: Value): void {
    const variable = this.#variables.findLast((candidate) => candidate.name === name);
    if (!variable) this.#fail(`undefined variable: ${name}`);
    else variable.value = value;
  }

  #walkTemplate(dot: Value, node: Node & { kind: 'template' }): void {
    const nodes = this.#template.defined.get(node.name);
    if (!nodes) this.#fail(`template ${quote(node.name)} not defined`);
    if (this.#depth >= MAX_DEPTH) this.#fail(`exceeded maximum template depth (${MAX_DEPTH})`);
    const data = node.pipe ? this.#pipeline(dot, node.pipe) : undefined;
    const outer = { variables: this.#variables, name: this.#name };
    this.#variables = [{ name: '$', value: data }];
    this.#name = node.name;
    this.#depth++;
    this.#walkList(data, nodes ?? []);
    this.#depth--;
    this.#variables = outer.variables;
    this.#name = outer.name;
  }

  #pipeline(dot: Value, pipe: Pipe): Value {
    this.#node = pipe;
    let value: Final = MISSING;
    for (const command of pipe.commands) value = this.#command(dot, command, value);
    const result = value === MISSING ? undefined : value;
    for (const { name } of pipe.declares) {
      if (pipe.assigns) this.#assign(name, result);
      else this.#variables.push({ name, value: result });
    }
    return result;
  }

  #command(dot: Value, command: Command, final: Final): Value {
    const first = command.args[0];
    if (!first) return undefined;
    switch (first.kind) {
      case 'field':
        return this.#field(dot, first, command.args, final);
      case 'chain':
        return this.#chain(dot, first, command.args, final);
      case 'identifier':
        return this.#function(dot, first, command, command.args, final);
      case 'variable':
        return this.#variable(dot, first, command.args, final);
      case 'pipe':
        this.#notFunction(command.args, final);
        return this.#pipeline(dot, first);
    }
    this.#node = first;
    this.#notFunction(command.args, final);
    if (first.kind === 'nil') return this.#fail('nil is not a command');
    return this.#constant(dot, first);
  }

  #constant(dot: Value, node: Operand): Value {
    switch (node.kind) {
      case 'dot':
        return dot;
      case 'bool':
        return goValue(node.value);
      case 'string':
        return { type: STRING, v: node.value };
      case 'number': {
        const number = parseNumber(node.text);
        return number ? { type: number.float ? FLOAT : INT, v: number.value } : undefined;
      }
      default:
        return this.#fail(`unexpected ${describe(node)}`);
    }
  }

  #notFunction(args: readonly Operand[], final: Final): void {
    const first = args[0];
    if (first && (args.length > 1 || final !== MISSING)) {
      this.#fail(`can't give argument to non-function ${describe(first)}`);
    }
  }

  #field(dot: Value, node: Operand & { kind: 'field' }, args: readonly Operand[], final: Final): Value {
    this.#node = node;
    return this.#path(dot, dot, node, node.path, args, final);
  }

  #chain(dot: Value, node: Operand & { kind: 'chain' }, args: readonly Operand[], final: Final): Value {
    this.#node = node;
    if (node.node.kind === 'nil') this.#fail('indirection through explicit nil in %s'.replace('%s', describe(node)));
    const receiver = this.#argument(dot, undefined, node.node);
    return this.#path(dot, receiver, node, node.path, args, final);
  }

  #variable(dot: Value, node: Operand & { kind: 'variable' }, args: readonly Operand[], final: Final): Value {
    this.#node = node;
    const [name = '', ...path] = node.path;
    const variable = this.#variables.findLast((candidate) => candidate.name === name);
    if (!variable) this.#fail(`undefined variable: ${name}`);
    if (path.length > 0) return this.#path(dot, variable?.value, node, path, args, final);
    this.#notFunction(args, final);
    return variable?.value;
  }

  #path(
    dot: Value,
    start: Value,
    node: Operand,
    path: readonly string[],
    args: readonly Operand[],
    final: Final,
  ): Value {
    let receiver = start;
    path.forEach((name, i) => {
      const last = i === path.length - 1;
      receiver = this.#member(dot, name, node, last ? args : [node], last ? final : MISSING, receiver);
    });
    return receiver;
  }

  #member(dot: Value, name: string, node: Operand, args: readonly Operand[], final: Final, receiver: Value): Value {
    if (!receiver) {
      if (this.#options.missingKeyIsError) this.#fail(`nil data; no entry for key ${quote(name)}`);
      return undefined;
    }
    const method = methodOf(receiver, name);
    if (method) return this.#callMethod(dot, method, receiver, name, node, args, final);
    const { value, isNil } = indirect(receiver);
    const hasArgs = args.length > 1 || final !== MISSING;
    if (isNil) {
      const elem = value.type.kind === 'pointer' ? value.type.elem : value.type;
      if (elem.kind !== 'struct' || hasField({ type: elem, v: undefined }, name)) {
        this.#fail(`nil pointer evaluating ${receiver.type.name}.${name}`);
      }
    } else if (value.type.kind === 'struct') {
      const found = findField(value.type, name);
      if (found) {
        if (hasArgs) this.#fail(`${name} has arguments but cannot be invoked as function`);
        return element(found.field.type, found.read(value.v));
      }
    } else if (value.type.kind === 'map') {
      if (hasArgs) this.#fail(`${name} is not a method but has arguments`);
      const map = value.v as Record<string, unknown> | null;
      if (map !== null && Object.hasOwn(map, name)) return element(value.type.elem, map[name]);
      if (this.#options.missingKeyIsError) this.#fail(`map has no entry for key ${quote(name)}`);
      return undefined;
    }
    return this.#fail(`can't evaluate field ${name} in type ${receiver.type.name}`);
  }

  #callMethod(
    dot: Value,
    method: Method,
    receiver: Typed,
    name: string,
    node: Operand,
    args: readonly Operand[],
    final: Final,
  ) {
    const values = this.#arguments(dot, name, method.params, false, node, args.slice(1), final);
    const plain = values.map((value) => value?.v) as never[];
    return goValue(method.call(receiver.type.methods?.[name] ? receiver.v : indirect(receiver).value.v, ...plain));
  }

  #function(
    dot: Value,
    node: Operand & { kind: 'identifier' },
    command: Operand | Command,
    args: readonly Operand[],
    final: Final,
  ): Value {
    this.#node = node;
    const called = Object.hasOwn(this.#options.functions, node.name) ? this.#options.functions[node.name] : undefined;
    if (!called) return this.#fail(`${quote(node.name)} is not a defined function`);
    if (node.name === 'and' || node.name === 'or') return this.#shortCircuit(dot, node, args.slice(1), final);
    const values = this.#arguments(dot, node.name, called.params, called.variadic ?? false, node, args.slice(1), final);
    try {
      return called.call(...values);
    } catch (error) {
      this.#node = command;
      return this.#fail(`error calling ${node.name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** `and` and `or` leave the rest unevaluated once the answer is known. */
  #shortCircuit(dot: Value, node: Operand & { kind: 'identifier' }, args: readonly Operand[], final: Final): Value {
    const given = args.length + (final === MISSING ? 0 : 1);
    if (given < 1) this.#fail(`wrong number of args for ${node.name}: want at least 1 got ${args.length}`);
    let value: Value;
    for (const arg of args) {
      value = this.#argument(dot, ANY_VALUE, arg);
      if (isTrue(value) === (node.name === 'or')) return value;
    }
    return final === MISSING ? value : final;
  }

  #arguments(
    dot: Value,
    name: string,
    params: readonly GoType[],
    variadic: boolean,
    node: Operand,
    args: readonly Operand[],
    final: Final,
  ): Value[] {
    const given = args.length + (final === MISSING ? 0 : 1);
    if (variadic) {
      const fixed = params.length - 1;
      if (given < fixed) this.#fail(`wrong number of args for ${name}: want at least ${fixed} got ${args.length}`);
    } else if (given !== params.length) {
      this.#fail(`wrong number of args for ${name}: want ${params.length} got ${given}`);
    }
    const paramAt = (i: number) => params[Math.min(i, params.length - 1)];
    const values = args.map((arg, i) => this.#argument(dot, paramAt(i), arg));
    if (final === MISSING) return values;
    this.#node = node;
    return [...values, this.#checkType(final, paramAt(given - 1))];
  }

  /** An argument of the wanted type; undefined wants anything. */
  #argument(dot: Value, wanted: GoType | undefined, node: Operand): Value {
    this.#node = node;
    switch (node.kind) {
      case 'dot':
        return this.#checkType(dot, wanted);
      case 'nil':
        if (wanted && !canBeNil(wanted)) this.#fail(`cannot assign nil to ${wanted.name}`);
        return undefined;
      case 'field':
        return this.#checkType(this.#field(dot, node, [node], MISSING), wanted);
      case 'variable':
        return this.#checkType(this.#variable(dot, node, [node], MISSING), wanted);
      case 'pipe':
        return this.#checkType(this.#pipeline(dot, node), wanted);
      case 'identifier':
        return this.#checkType(this.#function(dot, node, node, [node], MISSING), wanted);
      case 'chain':
        return this.#checkType(this.#chain(dot, node, [node], MISSING), wanted);
    }
    const problem = wanted && constantProblem(node, wanted);
    if (problem) this.#fail(problem);
    return this.#constant(dot, node);
  }

  #checkType(value: Value, wanted: GoType | undefined): Value {
    if (!wanted) return value;
    const checked = checkType(value, wanted);
    return 'problem' in checked ? this.#fail(checked.problem) : checked.value;
  }

  #fail(message: string): never {
    const { source, name } = this.#template;
    const node = this.#node;
    if (!node) throw new TemplateError(`template: ${this.#name}: ${message}`, this.out);
    const before = Buffer.from(source.slice(0, node.at));
    const newline = before.lastIndexOf(10);
    const column = newline < 0 ? before.length : before.length - newline - 1;
    const line = 1 + before.filter((byte) => byte === 10).length;
    throw new TemplateError(
      `template: ${name}:${line}:${column}: executing ${quote(this.#name)} at <${describe(node)}>: ${message}`,
      this.out,
    );
  }
}

/** What Go calls reflect.Value as a parameter type: takes anything. */
const ANY_VALUE: GoType = { kind: 'interface', name: 'reflect.Value' };

/** A method of the value or of what its pointers lead to. */
function methodOf(receiver: Typed, name: string): Method | undefined {
  const own = receiver.type.methods;
  if (own && Object.hasOwn(own, name)) return own[name];
  const inner = receiver.type.kind === 'pointer' ? receiver.type.elem.methods : undefined;
  return inner && Object.hasOwn(inner, name) ? inner[name] : undefined;
}
