import { describeError } from '@berth/kit';
import type { Context } from '../context.ts';

/** Looks objects up by name and prints them as one JSON array or by a template; resolves to the exit code. */
export async function inspectAll(
  context: Context,
  names: readonly string[],
  format: string,
  look: (name: string) => Promise<unknown>,
): Promise<number> {
  const found: unknown[] = [];
  const errors: string[] = [];
  for (const name of names) {
    try {
      found.push(await look(name));
    } catch (error) {
      errors.push(describeError(error));
    }
  }
  if (format === '' || format === 'json') context.out.write(`${JSON.stringify(found, null, format === '' ? 4 : 0)}\n`);
  if (errors.length) context.err.write(`${errors.join('\n')}\n`);
  return errors.length ? 1 : 0;
}
