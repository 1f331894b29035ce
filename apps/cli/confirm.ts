import type { Context } from './context.ts';

/** Asks on stdout and reads a line; true only for yes. */
export function confirm(context: Context, question: string): boolean {
  context.out.write(`${question} [y/N] `);
  return /^y(es)?$/i.test(context.in.readLine().trim());
}
