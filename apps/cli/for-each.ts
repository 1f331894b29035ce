import { describeError } from '@berth/kit';
import type { Context } from './context.ts';

/** How many engine calls one command makes at once. */
const AT_ONCE = 50;

/**
 * Does the same to every name, several at once, and prints what each gave in the order of the names (undefined: nothing), errors on stderr after
 * all have ended. Resolves to the exit code: 1 when any failed.
 */
export async function forEachName(
  context: Context,
  names: readonly string[],
  act: (name: string) => Promise<string | undefined>,
): Promise<number> {
  const errors: string[] = [];
  let next = 0;
  const results: (string | undefined)[] = new Array(names.length);
  let printed = 0;
  const settled = new Set<number>();
  const printReady = () => {
    for (; settled.has(printed); printed++) {
      const line = results[printed];
      if (line !== undefined) context.out.write(`${line}\n`);
    }
  };
  const worker = async () => {
    while (next < names.length) {
      const index = next++;
      try {
        results[index] = await act(names[index] ?? '');
      } catch (error) {
        errors.push(describeError(error));
      }
      settled.add(index);
      printReady();
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, names.length) }, worker));
  if (errors.length) context.err.write(`${errors.join('\n')}\n`);
  return errors.length ? 1 : 0;
}
