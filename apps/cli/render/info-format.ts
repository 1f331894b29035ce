import { CliError } from '../cli-error.ts';
import {
  executePartly,
  executeTemplate,
  parse,
  TEMPLATE_FUNCTIONS,
  type Template,
  TemplateError,
} from './template/index.ts';
import { pointerTo, type StructType, type Value } from './template/value.ts';
import { goType } from './types/schema.ts';
import { infoTypes } from './types/system.ts';

/** The answer when the template asks only for what the client knows, so that no engine is needed; else undefined. */
export async function clientOnly(client: object, format: string): Promise<string | undefined> {
  // No field at all (`json`, `{{json .}}`) means everything.
  if (!/\.[a-zA-Z]/.test(format)) return undefined;
  const info = goType('system.clientInfo', infoTypes);
  const own: StructType = {
    kind: 'struct',
    name: 'system.sparseInfo',
    fields: [{ name: 'ClientInfo', json: 'ClientInfo', omitEmpty: true, embedded: false, type: pointerTo(info) }],
  };
  try {
    return `${executeTemplate(parse(format), { type: own, v: { ClientInfo: client } }, { functions: TEMPLATE_FUNCTIONS })}\n`;
  } catch (error) {
    if (error instanceof TemplateError) return undefined; // the engine's part is asked for, or the template is wrong
    throw error;
  }
}

/**
 * `info --format`: `json` or a template; `error` when it does not fit, `text` is then what came before. Throws CliError
 * (exit code 64) when it cannot be parsed.
 */
export async function renderInfo(info: object, format: string): Promise<{ text: string; error?: string }> {
  const data: Value = { type: goType('system.dockerInfo', infoTypes), v: info };
  const template = parseInfo(format === 'json' ? '{{json .}}' : format);
  const result = executePartly(template, data, { functions: TEMPLATE_FUNCTIONS });
  return { ...result, text: `${result.text}\n` };
}

function parseInfo(format: string): Template {
  try {
    return parse(format);
  } catch (error) {
    if (error instanceof TemplateError) throw new CliError(`template parsing error: ${error.message}`, 64);
    throw error;
  }
}
