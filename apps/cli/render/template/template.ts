import { type GoFunction, TEMPLATE_FUNCTIONS } from './functions.ts';
import type { Template } from './nodes.ts';
import { parseTemplate } from './parse.ts';

export interface ParseOptions {
  /** Shown in error messages; empty for `--format`. */
  name?: string;
  functions?: Readonly<Record<string, GoFunction>>;
}

/** Parses a template that may call Docker's functions, or those given. Throws TemplateError. */
export function parse(source: string, options: ParseOptions = {}): Template {
  const functions = options.functions ?? TEMPLATE_FUNCTIONS;
  return parseTemplate(options.name ?? '', source, (name) => Object.hasOwn(functions, name));
}
