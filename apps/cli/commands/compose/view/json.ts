import type { Output } from '../../../streams.ts';
import type { ProgressView } from './progress.ts';

/** A JSON object for each step. */
export function jsonView(out: Output, dryRun: boolean): ProgressView {
  const line = (value: object) => out.write(`${JSON.stringify({ ...(dryRun && { 'dry-run': true }), ...value })}\n`);
  return {
    begin: () => undefined,
    progress({ subject, word, error }) {
      line({ id: subject, status: word, ...(error !== undefined && { error: true, text: error }) });
    },
    note: (subject, word) => line({ id: subject, status: word }),
    end: () => undefined,
  };
}
