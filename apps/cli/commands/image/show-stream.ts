import { jsonLines } from '@berth/client';
import type { Context } from '../../context.ts';
import { type ProgressMessage, renderProgress } from '../../render/progress.ts';

type Response = Parameters<typeof jsonLines>[0];

/** Shows a stream of progress messages on stdout; quiet reads it for errors alone. Throws what the stream reports. */
export async function showStream(
  context: Context,
  response: Response,
  options: { quiet?: boolean; aux?: (data: unknown) => void } = {},
): Promise<void> {
  const silent = { write: () => {}, drain: async () => {}, isTerminal: false, size: () => undefined };
  const { aux } = options;
  await renderProgress(jsonLines<ProgressMessage>(response), options.quiet ? silent : context.out, aux ? { aux } : {});
}
