import { quote } from '../text.ts';

/** What may stand in a command. `at` is the offset in the template that error messages name. */
export type Operand =
  | { kind: 'identifier'; at: number; name: string }
  | { kind: 'field'; at: number; path: string[] }
  | { kind: 'variable'; at: number; path: string[] }
  | { kind: 'chain'; at: number; node: Operand; path: string[] }
  | { kind: 'dot'; at: number }
  | { kind: 'nil'; at: number }
  | { kind: 'bool'; at: number; value: boolean }
  | { kind: 'number'; at: number; text: string }
  | { kind: 'string'; at: number; written: string; value: string }
  | Pipe;

export interface Pipe {
  kind: 'pipe';
  at: number;
  /** Variables that take the value, with their `$`. */
  declares: { at: number; name: string }[];
  /** `=` instead of `:=`. */
  assigns: boolean;
  commands: Command[];
}

export interface Command {
  kind: 'command';
  at: number;
  args: Operand[];
}

export type Node =
  | { kind: 'text'; at: number; text: string }
  | { kind: 'action'; at: number; pipe: Pipe }
  | Branch
  | { kind: 'template'; at: number; name: string; pipe: Pipe | undefined }
  | { kind: 'break'; at: number }
  | { kind: 'continue'; at: number };

export interface Branch {
  kind: 'if' | 'with' | 'range';
  at: number;
  pipe: Pipe;
  list: Node[];
  otherwise: Node[] | undefined;
}

/** A parsed template and those that it defines, all by name. */
export interface Template {
  name: string;
  source: string;
  root: Node[];
  defined: Map<string, Node[]>;
}

/** A node as error messages quote it. */
export function describe(node: Operand | Node | Command): string {
  switch (node.kind) {
    case 'identifier':
      return node.name;
    case 'field':
      return node.path.map((part) => `.${part}`).join('');
    case 'variable':
      return node.path.join('.');
    case 'chain': {
      const inner = describe(node.node);
      return (node.node.kind === 'pipe' ? `(${inner})` : inner) + node.path.map((part) => `.${part}`).join('');
    }
    case 'dot':
      return '.';
    case 'nil':
      return 'nil';
    case 'bool':
      return String(node.value);
    case 'number':
      return node.text;
    case 'string':
      return node.written;
    case 'pipe':
      return describePipe(node);
    case 'command':
      return describeCommand(node);
    case 'text':
      return quote(node.text);
    case 'action':
      return `{{${describePipe(node.pipe)}}}`;
    case 'template':
      return `{{template ${quote(node.name)}${node.pipe ? ` ${describePipe(node.pipe)}` : ''}}}`;
    case 'break':
    case 'continue':
      return `{{${node.kind}}}`;
    default: {
      const otherwise = node.otherwise ? `{{else}}${node.otherwise.map(describe).join('')}` : '';
      return `{{${node.kind} ${describePipe(node.pipe)}}}${node.list.map(describe).join('')}${otherwise}{{end}}`;
    }
  }
}

function describePipe(pipe: Pipe): string {
  const names = pipe.declares.map((variable) => variable.name).join(', ');
  return `${names === '' ? '' : `${names} ${pipe.assigns ? '=' : ':='} `}${pipe.commands.map(describeCommand).join(' | ')}`;
}

function describeCommand(command: Command): string {
  return command.args.map((arg) => (arg.kind === 'pipe' ? `(${describePipe(arg)})` : describe(arg))).join(' ');
}
