import type { Context } from '../context.ts';

/** What a shell shall do besides offering the values; bits of cobra's protocol. */
export const DIRECTIVE = { default: 0, noSpace: 2, noFiles: 4, directories: 16 } as const;

/** One value; the description is shown by shells that can. */
export interface Suggestion {
  value: string;
  description?: string;
}

/** Values for one word, and what the shell shall do (sum of DIRECTIVE). */
export interface Suggestions {
  values: Suggestion[];
  directive: number;
}

/** Gives values for a word; `word` is what is written of it, `args` are the arguments before it. */
export type Completer = (context: Context, word: string, args: readonly string[]) => Promise<Suggestions>;

export const values = (list: readonly string[], directive: number = DIRECTIVE.noFiles): Suggestions => ({
  values: list.map((value) => ({ value })),
  directive,
});

/** A fixed list. */
export const oneOf =
  (...list: string[]): Completer =>
  async () =>
    values(list);

/** A fixed list of beginnings, after which more is written. */
export const beginnings =
  (...list: string[]): Completer =>
  async () =>
    values(list, DIRECTIVE.noFiles | DIRECTIVE.noSpace);

export const nothing: Completer = async () => values([]);
export const files: Completer = async () => values([], DIRECTIVE.default);
export const directories: Completer = async () => values([], DIRECTIVE.directories);
