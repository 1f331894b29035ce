import { describeError } from '@berth/kit';
import type { Context } from '../context.ts';
import { type Inspected, inspectPrinter } from '../render/inspect.ts';

/** Looks objects up by name and prints them as one JSON array or by a template; resolves to the exit code. */
export async function inspectAll(
  context: Context,
  names: readonly string[],
  format: string,
  look: (name: string) => Promise<Inspected>,
): Promise<number> {
  const printer = await inspectPrinter(format);
  const errors: string[] = [];
  for (const name of names) {
    try {
      printer.add(await look(name));
    } catch (error) {
      errors.push(describeError(error));
    }
  }
  context.out.write(printer.finish());
  if (errors.length) context.err.write(`${errors.join('\n')}\n`);
  return errors.length ? 1 : 0;
}
