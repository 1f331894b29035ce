import { CliError } from '../cli-error.ts';
import { compactJson, indentJson, parseExact } from './json-text.ts';
import type { GoType, Value } from './template/value.ts';

/** One answer of an inspection: what it is, and the JSON as the engine wrote it. */
export interface Inspected {
  kind: 'container' | 'image' | 'network' | 'volume';
  text: string;
  /** Templates see the fields of the type alone, not what else is in the JSON. */
  typedOnly?: true;
}

/** Exit code of a template that cannot be parsed, as Docker has it. */
const BAD_TEMPLATE = 64;

/** Collects answers and prints them as Docker's `inspect` does. */
export interface InspectPrinter {
  /** Throws CliError `template parsing error: …` when the template does not fit the object. */
  add(object: Inspected): void;
  /** What to print when all objects are in, also when there are none. */
  finish(): string;
}

/** A printer for `--format`: '' is indented JSON, `json` compact JSON, else a template. Throws CliError (64). */
export async function inspectPrinter(format: string): Promise<InspectPrinter> {
  if (format !== '' && format !== 'json') return templatePrinter(format);
  const texts: string[] = [];
  const show = format === '' ? indentJson : compactJson;
  return {
    add: ({ text }) => void texts.push(text.trim()),
    finish: () => `${texts.length === 0 ? '[]' : show(`[${texts.join(',')}]`)}\n`,
  };
}

async function templatePrinter(format: string): Promise<InspectPrinter> {
  const { executeTemplate, parse, TEMPLATE_FUNCTIONS, TemplateError } = await import('./template/index.ts');
  const { rawValue } = await import('./template/value.ts');
  const template = readTemplate(() => parse(format), TemplateError);
  const types = await inspectTypes();
  let out = '';
  return {
    add({ kind, text, typedOnly }) {
      const v = parseExact(text);
      const run = (data: Value, missingKeyIsError: boolean) =>
        executeTemplate(template, data, { functions: TEMPLATE_FUNCTIONS, missingKeyIsError });
      try {
        out += `${run({ type: types(kind), v }, false)}\n`;
      } catch (error) {
        if (!(error instanceof TemplateError)) throw error;
        if (typedOnly) throw new CliError(`template parsing error: ${error.message}`);
        // As Docker: fields that the typed object does not have may be in the JSON; errors are those of this try.
        try {
          out += `${run(rawValue(v), true)}\n`;
        } catch (second) {
          if (!(second instanceof TemplateError)) throw second;
          throw new CliError(`template parsing error: ${second.message}`);
        }
      }
    },
    finish: () => (out === '' ? '\n' : out),
  };
}

function readTemplate<T>(parse: () => T, kind: new (message: string) => Error): T {
  try {
    return parse();
  } catch (error) {
    if (error instanceof kind) throw new CliError(`template parsing error: ${error.message}`, BAD_TEMPLATE);
    throw error;
  }
}

async function inspectTypes(): Promise<(kind: Inspected['kind']) => GoType> {
  const { goType } = await import('./types/schema.ts');
  const { imageTypes } = await import('./types/image.ts');
  const { volumeTypes } = await import('./types/volume.ts');
  const names = {
    container: 'container.InspectResponse',
    image: 'image.InspectResponse',
    network: 'network.Inspect',
    volume: 'volume.Volume',
  };
  return (kind) => goType(names[kind], kind === 'volume' ? volumeTypes : imageTypes);
}
