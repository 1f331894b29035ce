import { jsonLines, pullImage as pull } from '@berth/client';
import type { Context } from '../../context.ts';
import { type ProgressMessage, renderProgress } from '../../render/progress.ts';
import { readNamed } from '../image/named.ts';
import { registryAuth } from '../registry/credentials.ts';

/** Pulls an image for `run` and `create`; progress goes to stderr, so that stdout stays the process's own. */
export async function pullImage(
  context: Context,
  image: string,
  options: { platform: string; quiet: boolean },
): Promise<void> {
  const { familiar, repository, tag } = readNamed(image, false);
  const auth = await registryAuth(context, familiar);
  const response = await pull(context.client, repository, { tag, platform: options.platform, auth });
  const silent = { write: () => {}, drain: async () => {}, isTerminal: false, size: () => undefined };
  await renderProgress(jsonLines<ProgressMessage>(response), options.quiet ? silent : context.err);
}
