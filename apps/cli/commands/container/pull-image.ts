import { jsonLines } from '@berth/client';
import type { Context } from '../../context.ts';
import { type ProgressMessage, renderProgress } from '../../render/progress.ts';
import { pullParts } from './image-reference.ts';

/** Pulls an image for `run` and `create`; progress goes to stderr, so that stdout stays the process's own. */
export async function pullImage(
  context: Context,
  image: string,
  options: { platform: string; quiet: boolean },
): Promise<void> {
  const { name, tag } = pullParts(image);
  const response = await context.client.stream('POST', '/images/create', {
    query: { fromImage: name, tag, platform: options.platform },
  });
  const silent = { write: () => {}, drain: async () => {}, isTerminal: false, size: () => undefined };
  await renderProgress(jsonLines<ProgressMessage>(response), options.quiet ? silent : context.err);
}
