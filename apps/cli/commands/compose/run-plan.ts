import { type ExecuteOptions, execute, type Operation } from '@berth/compose';
import { type Compose, log, warn } from './compose.ts';
import { openView, type ProgressView } from './view/progress.ts';

/** Carries operations out and shows how they go on. `view` of its own is ended here. */
export async function runPlan(
  compose: Compose,
  operations: readonly Operation[],
  options: Partial<ExecuteOptions> & {
    view?: ProgressView;
    quiet?: boolean;
    notes?: readonly (readonly [string, string])[];
  } = {},
): Promise<void> {
  const { context, dryRun, parallel } = compose;
  const view = options.view ?? (await openView(compose, { quiet: options.quiet ?? false }));
  if (compose.flags.bool('verbose')) for (const operation of operations) debug(compose, operation);
  view.begin(operations);
  for (const [subject, word] of options.notes ?? []) view.note(subject, word);
  try {
    await execute(operations, {
      client: context.client,
      ...(parallel !== undefined && { parallel }),
      dryRun,
      onWarning: (text) => warn(compose, text),
      onOutput: (_, text) => context.out.write(text),
      ...options,
      onProgress: (progress) => view.progress(progress),
    });
  } finally {
    view.end();
  }
}

/** `--verbose`: a call of the engine that is to come, what it waits for, and why it is made. */
function debug(compose: Compose, { kind, id, needs, reasons }: Operation): void {
  const after = needs.length ? ` after ${needs.join(', ')}` : '';
  const why = reasons.map(({ field, note }) => [field, note].filter(Boolean).join(': ')).filter(Boolean);
  log(compose, 'debug', `${kind} ${id}${after}${why.length ? ` (${why.join('; ')})` : ''}`);
}
