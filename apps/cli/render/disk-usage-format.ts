import { CliError } from '../cli-error.ts';
import { executeTemplate, parse, TEMPLATE_FUNCTIONS, TemplateError } from './template/index.ts';
import { goJson } from './template/json.ts';
import { type ContextType, pointerTo, type StructType, sliceOf } from './template/value.ts';

/** Runs a template over several lists at once, each under its name. Throws CliError `template parsing error: …`. */
export function renderOne(
  format: string,
  lists: Record<string, { type: ContextType; rows: readonly unknown[] }>,
): string {
  const data = {
    type: pointerTo({
      kind: 'struct',
      name: 'formatter.diskUsageContext',
      fields: Object.entries(lists).map(([name, { type }]) => ({
        name,
        json: name,
        omitEmpty: false,
        embedded: false,
        type: sliceOf(type),
      })),
    } satisfies StructType),
    v: Object.fromEntries(Object.entries(lists).map(([name, { rows }]) => [name, rows])),
  };
  if (format === 'json') return goJson(data, false);
  try {
    const source = format
      .replace(/^ +| +$/g, '')
      .replace(/\\([tn])/g, (_all, letter) => (letter === 't' ? '\t' : '\n'));
    return executeTemplate(parse(source), data, { functions: TEMPLATE_FUNCTIONS });
  } catch (error) {
    if (error instanceof TemplateError) throw new CliError(`template parsing error: ${error.message}`);
    throw error;
  }
}
