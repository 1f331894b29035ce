/** `context ls` and `context inspect`. */
import { CliError } from '../cli-error.ts';
import type { ContextDetails } from '../contexts/lookup.ts';
import { compactJson, indentJson } from './json-text.ts';
import { type ListFormat, type ListSpec, renderList } from './list.ts';

export interface ContextRow {
  Name: string;
  Description: string;
  DockerEndpoint: string;
  Error: string;
  Current: boolean;
}

export function renderContextList(
  contexts: readonly ContextRow[],
  { format, quiet }: { format: string; quiet: boolean },
): Promise<string> {
  return renderList(contexts, SPEC, listFormat(format, quiet));
}

function listFormat(format: string, quiet: boolean): ListFormat {
  if (quiet) return { kind: 'plain', column: 'Name' };
  if (format !== '' && format !== 'table') return { kind: 'custom', format };
  return { kind: 'table', columns: ['Marked', 'Description', 'DockerEndpoint', 'Error'] };
}

/** Docker's limit for reasons in the table. */
const ERROR_WIDTH = 45;

const SPEC: ListSpec<ContextRow> = {
  typeName: '*formatter.clientContextContext',
  headers: {
    Marked: 'NAME',
    Name: 'NAME',
    Description: 'DESCRIPTION',
    DockerEndpoint: 'DOCKER ENDPOINT',
    Error: 'ERROR',
  },
  fields: {
    Current: ({ Current }) => Current,
    Description: ({ Description }) => Description,
    DockerEndpoint: ({ DockerEndpoint }) => DockerEndpoint,
    Error: ({ Error: reason }) => (reason.length > ERROR_WIDTH ? `${reason.slice(0, ERROR_WIDTH - 1)}…` : reason),
    Name: ({ Name }) => Name,
  },
  columns: { Marked: ({ Name, Current }) => (Current ? `${Name} *` : Name) },
};

/** Exit code of a template that cannot be parsed, as Docker has it. */
const BAD_TEMPLATE = 64;

export interface ContextPrinter {
  /** Throws CliError `template parsing error: …` when the template does not fit. */
  add(details: ContextDetails): void;
  finish(): string;
}

/** For `--format`: '' is indented JSON, `json` compact JSON, else a template. Throws CliError (64). */
export async function contextInspectPrinter(format: string): Promise<ContextPrinter> {
  if (format !== '' && format !== 'json') return templatePrinter(format);
  const texts: string[] = [];
  const show = format === '' ? indentJson : compactJson;
  return {
    add: (details) => void texts.push(goJsonText(details)),
    finish: () => `${texts.length === 0 ? '[]' : show(`[${texts.join(',')}]`)}\n`,
  };
}

/** Go's encoder escapes what could end a script. */
function goJsonText(value: unknown): string {
  return JSON.stringify(value).replace(
    /[<>&\u2028\u2029]/g,
    (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
}

async function templatePrinter(format: string): Promise<ContextPrinter> {
  const { executeTemplate, parse, TEMPLATE_FUNCTIONS, TemplateError } = await import('./template/index.ts');
  const { contextValue } = await import('./types/context.ts');
  const guarded = <T>(act: () => T, exitCode: number): T => {
    try {
      return act();
    } catch (error) {
      if (error instanceof TemplateError) throw new CliError(`template parsing error: ${error.message}`, exitCode);
      throw error;
    }
  };
  const template = guarded(() => parse(format), BAD_TEMPLATE);
  let out = '';
  return {
    add(details) {
      out += guarded(() => executeTemplate(template, contextValue(details), { functions: TEMPLATE_FUNCTIONS }), 1);
      out += '\n';
    },
    finish: () => (out === '' ? '\n' : out),
  };
}
