import type { Compose } from './compose.ts';

/** A flag that is taken and does nothing, as in Docker Compose, is said to be one. */
export function sayDeprecated({ context, classic }: Compose, flag: string): void {
  context.err.write(
    classic
      ? `WARNING: --${flag} option is deprecated and will be ignored.\n`
      : `option '--${flag}' is DEPRECATED and will be ignored.\n`,
  );
}
