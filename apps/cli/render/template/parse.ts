import { quote } from '../text.ts';
import { TemplateError } from './error.ts';
import { lex, type Token, type TokenKind } from './lex.ts';
import { parseNumber, unquote } from './literals.ts';
import { type Branch, type Command, describe, type Node, type Operand, type Pipe, type Template } from './nodes.ts';

/**
 * Parses a template by Go's text/template grammar. `hasFunction` says which functions there are. Throws TemplateError
 * with Go's message, `template: NAME:LINE: …`.
 */
export function parseTemplate(name: string, source: string, hasFunction: (name: string) => boolean): Template {
  const parser = new Parser(name, lex(source), hasFunction);
  const root = parser.parseFile();
  return { name, source, root, defined: parser.defined };
}

/** Nesting of parentheses and branches; far beyond what people write, far below what the stack holds. */
const MAX_DEPTH = 1_000;

type Terminator = { kind: 'end' | 'else'; text: string };

class Parser {
  readonly defined = new Map<string, Node[]>();
  #name: string;
  #tokens: Token[];
  #hasFunction: (name: string) => boolean;
  #next = 0;
  #variables: string[] = ['$'];
  #rangeDepth = 0;
  #depth = 0;
  #actionLine = 0;
  /** Line of the token read last: Go reports errors there. */
  #line = 1;

  constructor(name: string, tokens: Token[], hasFunction: (name: string) => boolean) {
    this.#name = name;
    this.#tokens = tokens;
    this.#hasFunction = hasFunction;
  }

  parseFile(): Node[] {
    const nodes: Node[] = [];
    while (this.#peek().kind !== 'eof') {
      if (this.#peek().kind === 'open') {
        const mark = this.#next;
        this.#take();
        if (isKeyword(this.#takeNonSpace(), 'define')) {
          this.#parseDefinition();
          continue;
        }
        this.#next = mark;
      }
      const node = this.#textOrAction();
      if (isTerminator(node)) this.#fail(`unexpected ${node.text}`);
      else nodes.push(node);
    }
    return nodes;
  }

  #parseDefinition(): void {
    const context = 'define clause';
    const name = this.#templateName(context);
    this.#expect('close', context);
    const outer = this.#variables;
    this.#variables = ['$'];
    const { list, end } = this.#itemList();
    if (end.kind !== 'end') this.#fail(`unexpected ${end.text} in ${context}`);
    this.#variables = outer;
    this.#define(name, list);
  }

  /** A later definition replaces an earlier one, except by nothing but space. */
  #define(name: string, list: Node[]): void {
    const empty = list.every((node) => node.kind === 'text' && node.text.trim() === '');
    if (!this.defined.has(name) || !empty) this.defined.set(name, list);
  }

  #itemList(): { list: Node[]; end: Terminator } {
    if (++this.#depth > MAX_DEPTH) this.#fail('max expression depth exceeded');
    const list: Node[] = [];
    while (this.#peekNonSpace().kind !== 'eof') {
      const node = this.#textOrAction();
      if (isTerminator(node)) {
        this.#depth--;
        return { list, end: node };
      }
      list.push(node);
    }
    return this.#fail('unexpected EOF');
  }

  #textOrAction(): Node | Terminator {
    const token = this.#takeNonSpace();
    if (token.kind === 'text') return { kind: 'text', at: token.at, text: token.text };
    if (token.kind !== 'open') return this.#unexpected(token, 'input');
    this.#actionLine = token.line;
    const node = this.#action();
    this.#actionLine = 0;
    return node;
  }

  #action(): Node | Terminator {
    const mark = this.#next;
    const token = this.#takeNonSpace();
    if (token.kind === 'keyword') {
      switch (token.text) {
        case 'if':
        case 'with':
        case 'range':
          return this.#branch(token.text);
        case 'end':
          this.#expect('close', 'end');
          return { kind: 'end', text: '{{end}}' };
        case 'else':
          return this.#else();
        case 'break':
        case 'continue':
          return this.#jump(token.text, token.at);
        case 'template':
          return this.#call();
        case 'block':
          return this.#block();
      }
    }
    this.#next = mark;
    const at = this.#peekNonSpace().at;
    const pipe = this.#pipeline('command', 'close');
    return { kind: 'action', at, pipe };
  }

  #else(): Terminator {
    const next = this.#peekNonSpace();
    // `{{else if …}}` stays open: the branch that sees this reads on.
    if (!isKeyword(next, 'if') && !isKeyword(next, 'with')) this.#expect('close', 'else');
    return { kind: 'else', text: '{{else}}' };
  }

  #jump(kind: 'break' | 'continue', at: number): Node {
    const token = this.#takeNonSpace();
    if (token.kind !== 'close') this.#unexpected(token, `{{${kind}}}`);
    if (this.#rangeDepth === 0) this.#fail(`{{${kind}}} outside {{range}}`);
    return { kind, at };
  }

  #branch(kind: Branch['kind']): Branch {
    const scope = this.#variables.length;
    const pipe = this.#pipeline(kind, 'close');
    if (kind === 'range') this.#rangeDepth++;
    const { list, end } = this.#itemList();
    if (kind === 'range') this.#rangeDepth--;
    const otherwise = end.kind === 'else' ? this.#elseList(kind) : undefined;
    this.#variables.length = scope;
    return { kind, at: pipe.at, pipe, list, otherwise };
  }

  #elseList(kind: Branch['kind']): Node[] {
    if (kind !== 'range' && isKeyword(this.#peek(), kind)) {
      this.#take();
      return [this.#branch(kind)];
    }
    const { list, end } = this.#itemList();
    if (end.kind !== 'end') this.#fail(`expected end; found ${end.text}`);
    return list;
  }

  #call(): Node {
    const context = 'template clause';
    const { at } = this.#peekNonSpace();
    const name = this.#templateName(context);
    if (this.#peekNonSpace().kind === 'close') {
      this.#takeNonSpace();
      return { kind: 'template', at, name, pipe: undefined };
    }
    return { kind: 'template', at, name, pipe: this.#pipeline(context, 'close') };
  }

  #block(): Node {
    const context = 'block clause';
    const { at } = this.#peekNonSpace();
    const name = this.#templateName(context);
    const pipe = this.#pipeline(context, 'close');
    const outer = this.#variables;
    this.#variables = ['$'];
    const { list, end } = this.#itemList();
    if (end.kind !== 'end') this.#fail(`unexpected ${end.text} in ${context}`);
    this.#variables = outer;
    this.#define(name, list);
    return { kind: 'template', at, name, pipe };
  }

  #templateName(context: string): string {
    const token = this.#takeNonSpace();
    if (token.kind !== 'string' && token.kind !== 'rawString') this.#unexpected(token, context);
    return unquote(token.text) ?? this.#fail('invalid syntax');
  }

  #pipeline(context: string, end: TokenKind): Pipe {
    if (++this.#depth > MAX_DEPTH) this.#fail('max expression depth exceeded');
    const pipe: Pipe = { kind: 'pipe', at: this.#peekNonSpace().at, declares: [], assigns: false, commands: [] };
    this.#declarations(pipe, context);
    for (;;) {
      const mark = this.#next;
      const token = this.#takeNonSpace();
      if (token.kind === end) {
        this.#checkPipeline(pipe, context);
        this.#depth--;
        return pipe;
      }
      if (!STARTS_COMMAND.has(token.kind) && !isKeyword(token, 'nil')) this.#unexpected(token, context);
      this.#next = mark;
      pipe.commands.push(this.#command());
    }
  }

  #declarations(pipe: Pipe, context: string): void {
    while (this.#peekNonSpace().kind === 'variable') {
      const mark = this.#next;
      const variable = this.#takeNonSpace();
      const next = this.#peekNonSpace();
      if (next.kind !== 'assign' && next.kind !== 'declare' && next.kind !== 'comma') {
        this.#next = mark;
        return;
      }
      this.#takeNonSpace();
      pipe.declares.push({ at: variable.at, name: variable.text });
      this.#variables.push(variable.text);
      if (next.kind !== 'comma') {
        pipe.assigns = next.kind === 'assign';
        return;
      }
      if (context !== 'range' || pipe.declares.length > 1) this.#fail(`too many declarations in ${context}`);
      const after = this.#peekNonSpace();
      if (after.kind !== 'variable' && after.kind !== 'close' && after.kind !== 'rightParen') {
        this.#fail('range can only initialize variables');
      }
    }
  }

  #checkPipeline(pipe: Pipe, context: string): void {
    if (pipe.commands.length === 0) this.#fail(`missing value for ${context}`);
    pipe.commands.forEach((command, i) => {
      const first = command.args[0]?.kind ?? 'nil';
      if (i > 0 && ['bool', 'dot', 'nil', 'number', 'string'].includes(first)) {
        this.#fail(`non executable command in pipeline stage ${i + 1}`);
      }
    });
  }

  #command(): Command {
    const command: Command = { kind: 'command', at: this.#peekNonSpace().at, args: [] };
    for (;;) {
      this.#peekNonSpace();
      const operand = this.#operand();
      if (operand) command.args.push(operand);
      const mark = this.#next;
      const token = this.#take();
      if (token.kind === 'space') continue;
      if (token.kind === 'close' || token.kind === 'rightParen') this.#next = mark;
      else if (token.kind !== 'pipe') this.#unexpected(token, 'operand');
      break;
    }
    if (command.args.length === 0) this.#fail('empty command');
    return command;
  }

  #operand(): Operand | undefined {
    const node = this.#term();
    if (!node || this.#peek().kind !== 'field') return node;
    const at = this.#peek().at;
    const path: string[] = [];
    while (this.#peek().kind === 'field') path.push(this.#take().text.slice(1));
    switch (node.kind) {
      case 'field':
      case 'variable':
        return { kind: node.kind, at, path: [...node.path, ...path] };
      case 'bool':
      case 'string':
      case 'number':
      case 'nil':
      case 'dot':
        return this.#fail(`unexpected . after term ${quote(describe(node))}`);
      default:
        return { kind: 'chain', at, node, path };
    }
  }

  #term(): Operand | undefined {
    const mark = this.#next;
    const { kind, at, text } = this.#takeNonSpace();
    switch (kind) {
      case 'identifier':
        if (!this.#hasFunction(text)) this.#fail(`function ${quote(text)} not defined`);
        return { kind, at, name: text };
      case 'dot':
        return { kind, at };
      case 'variable':
        if (!this.#variables.includes(text)) this.#fail(`undefined variable ${quote(text)}`);
        return { kind, at, path: [text] };
      case 'field':
        return { kind, at, path: [text.slice(1)] };
      case 'bool':
        return { kind, at, value: text === 'true' };
      case 'charConstant':
        if (!parseNumber(text)) this.#fail(`malformed character constant: ${text}`);
        return { kind: 'number', at, text };
      case 'number':
        if (!parseNumber(text)) this.#fail(badNumber(text));
        return { kind: 'number', at, text };
      case 'leftParen':
        return this.#pipeline('parenthesized pipeline', 'rightParen');
      case 'string':
      case 'rawString':
        return { kind: 'string', at, written: text, value: unquote(text) ?? this.#fail('invalid syntax') };
      case 'keyword':
        if (text === 'nil') return { kind: 'nil', at };
    }
    this.#next = mark;
    return undefined;
  }

  #peek(): Token {
    return this.#tokens[Math.min(this.#next, this.#tokens.length - 1)] as Token;
  }

  #take(): Token {
    const token = this.#peek();
    this.#next++;
    this.#line = token.line;
    return token;
  }

  #peekNonSpace(): Token {
    while (this.#peek().kind === 'space') this.#next++;
    this.#line = this.#peek().line;
    return this.#peek();
  }

  #takeNonSpace(): Token {
    this.#peekNonSpace();
    return this.#take();
  }

  #expect(kind: TokenKind, context: string): Token {
    const token = this.#takeNonSpace();
    return token.kind === kind ? token : this.#unexpected(token, context);
  }

  #unexpected(token: Token, context: string): never {
    if (token.kind !== 'error') return this.#fail(`unexpected ${tokenText(token)} in ${context}`);
    if (this.#actionLine === 0 || this.#actionLine === token.line) return this.#fail(token.text);
    const where = `started at ${this.#name}:${this.#actionLine}`;
    return this.#fail(`${token.text} ${token.text.endsWith(' action') ? where : `in action ${where}`}`);
  }

  #fail(message: string): never {
    throw new TemplateError(`template: ${this.#name}:${this.#line}: ${message}`);
  }
}

const STARTS_COMMAND = new Set<TokenKind>([
  'bool',
  'charConstant',
  'dot',
  'field',
  'identifier',
  'number',
  'rawString',
  'string',
  'variable',
  'leftParen',
]);

function badNumber(text: string): string {
  // What Go can read as a float, but not as an integer, it takes for one that is too large (089, too).
  return /^[+-]?\d[\d_]*$/.test(text) ? `integer overflow: ${quote(text)}` : `illegal number syntax: ${quote(text)}`;
}

function isTerminator(node: Node | Terminator): node is Terminator {
  return node.kind === 'end' || node.kind === 'else';
}

function isKeyword(token: Token, word: string): boolean {
  return token.kind === 'keyword' && token.text === word;
}

function tokenText(token: Token): string {
  if (token.kind === 'eof') return 'EOF';
  if (token.kind === 'keyword') return `<${token.text}>`;
  return token.text.length > 10 ? `${quote(token.text.slice(0, 10))}...` : quote(token.text);
}
