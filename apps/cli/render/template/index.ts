/** Go's text/template with Docker's functions. Load it only when a template was given: the standard output needs none. */
export { TemplateError } from './error.ts';
export { executePartly, executeTemplate } from './execute.ts';
export { type GoFunction, HEADER_FUNCTIONS, TEMPLATE_FUNCTIONS } from './functions.ts';
export type { Template } from './nodes.ts';
export { type ParseOptions, parse } from './template.ts';
