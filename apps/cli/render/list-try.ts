import { CliError } from '../cli-error.ts';
import { contextType, type ListSpec } from './list.ts';
import { executeTemplate, parse, TEMPLATE_FUNCTIONS, TemplateError } from './template/index.ts';

/** Runs the user's format, as written, over an empty row and throws away the text. Throws CliError in Docker's words. */
export function tryFormat<T>(format: string, spec: ListSpec<T>, empty: T): void {
  let step = 'parse';
  try {
    const template = parse(format);
    step = 'execute';
    executeTemplate(template, { type: contextType(spec), v: empty }, { functions: TEMPLATE_FUNCTIONS });
  } catch (error) {
    if (error instanceof TemplateError) throw new CliError(`failed to ${step} template: ${error.message}`);
    throw error;
  }
}
