import { CliError } from '../cli-error.ts';
import { alignTabs } from './tabwriter.ts';
import type { ContextType, Method } from './template/value.ts';

/** What `--format` and its kin may say about one kind of object. */
export interface ListSpec<T> {
  /** Go type in error messages: `*formatter.ContainerContext`. */
  typeName: string;
  /** Heading of each field; a field without one is not in tables of the user's own. */
  headers: Readonly<Record<string, string>>;
  /** Text of each field. */
  fields: Readonly<Record<string, (item: T) => unknown>>;
  /** Cells of the standard table that are no fields. */
  columns?: Readonly<Record<string, (item: T) => string>>;
  /** Fields with arguments: `.Label "name"`. */
  methods?: Readonly<Record<string, Method>>;
}

/** What to print: columns of the standard table (no template engine needed), or a format of the user's own. */
export type ListFormat =
  | { kind: 'table'; columns: readonly string[] }
  /** One field per line, without heading: what `--quiet` asks for. */
  | { kind: 'plain'; column: string }
  /** `json`, `table TEMPLATE` or `TEMPLATE`. */
  | { kind: 'custom'; format: string };

/** The list as text, each line ended. Throws CliError `template parsing error: …` (exit code 1). */
export async function renderList<T>(items: readonly T[], spec: ListSpec<T>, format: ListFormat): Promise<string> {
  if (format.kind === 'table') {
    const rows = items.map((item) => format.columns.map((name) => cell(spec, name, item)).join('\t'));
    const heading = format.columns.map((name) => spec.headers[name] ?? '').join('\t');
    return `${alignTabs([heading, ...rows].join('\n'))}\n`;
  }
  if (format.kind === 'plain') return items.map((item) => `${cell(spec, format.column, item)}\n`).join('');
  return renderCustom(items, spec, format.format);
}

function cell<T>(spec: ListSpec<T>, name: string, item: T): string {
  return String((spec.columns?.[name] ?? spec.fields[name])?.(item) ?? '');
}

async function renderCustom<T>(items: readonly T[], spec: ListSpec<T>, format: string): Promise<string> {
  const type = contextType(spec);
  if (format === 'json') {
    const { goJson } = await import('./template/json.ts');
    return items.map((v) => `${goJson({ type, v }, true)}\n`).join('');
  }
  const { executePartly, executeTemplate, HEADER_FUNCTIONS, parse, TEMPLATE_FUNCTIONS, TemplateError } = await import(
    './template/index.ts'
  );
  const table = format.startsWith('table');
  const source = unescapeTabs(table ? format.slice('table'.length) : format);
  try {
    const template = parse(source);
    const rows = items.map((v) => `${executeTemplate(template, { type, v }, { functions: TEMPLATE_FUNCTIONS })}\n`);
    if (!table) return rows.join('');
    const { headerValue } = await import('./list-header.ts');
    const { text: heading } = executePartly(template, headerValue(spec.headers), { functions: HEADER_FUNCTIONS });
    return alignTabs(`${heading}\n${rows.join('')}`);
  } catch (error) {
    if (error instanceof TemplateError) throw new CliError(`template parsing error: ${error.message}`);
    throw error;
  }
}

/** `\t` and `\n` as people write them on a command line. */
function unescapeTabs(source: string): string {
  return source.replace(/^ +| +$/g, '').replace(/\\([tn])/g, (_all, letter) => (letter === 't' ? '\t' : '\n'));
}

/** The Go type that templates see a row as. */
export function contextType<T>(spec: ListSpec<T>): ContextType {
  const methods: Record<string, Method> = { ...spec.methods };
  for (const [name, read] of Object.entries(spec.fields))
    methods[name] = { params: [], call: (item) => read(item as T) };
  return { kind: 'context', name: spec.typeName, methods };
}
