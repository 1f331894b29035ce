import { type ExecuteOptions, execute, type Operation } from '@berth/compose';
import { type Compose, parallelLimit, warn } from './compose.ts';
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
  const { context, dryRun } = compose;
  const view = options.view ?? (await openView(compose, { quiet: options.quiet ?? false }));
  view.begin(operations);
  for (const [subject, word] of options.notes ?? []) view.note(subject, word);
  try {
    await execute(operations, {
      client: context.client,
      parallel: parallelLimit(compose),
      dryRun,
      onWarning: (text) => warn(context, text),
      onOutput: (_, text) => context.out.write(text),
      ...options,
      onProgress: (progress) => view.progress(progress),
    });
  } finally {
    view.end();
  }
}
