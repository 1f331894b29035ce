import type { Output } from '../../../streams.ts';
import type { ProgressView } from './progress.ts';

/** A line for each step: ` Container shop-web-1  Started`. */
export function plainView(out: Output, dryRun: boolean): ProgressView {
  const line = (subject: string, word: string) =>
    out.write(`${dryRun ? ' DRY-RUN MODE - ' : ''} ${subject}  ${word} \n`);
  return {
    begin: () => undefined,
    progress({ subject, word, error }) {
      line(subject, error === undefined ? word : `Error ${error}`);
    },
    note: line,
    end: () => undefined,
  };
}
