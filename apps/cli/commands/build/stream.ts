import { jsonLines, type TransportResponse } from '@berth/client';
import {
  BUILD_CACHE_ID,
  BUILD_EXPLAIN_ID,
  BUILD_PROGRESS_ID,
  type BuildCacheExport,
  type BuildExplanation,
  type BuildProgress,
} from '@berth/contract';
import { CliError } from '../../cli-error.ts';
import type { Context } from '../../context.ts';
import { type ProgressMessage, renderProgress } from '../../render/progress.ts';
import { ClassicSteps } from './views/from-classic.ts';
import type { BuildView } from './views/view.ts';

/** What a build's stream told besides what was shown. */
export interface BuildResult {
  /** `sha256:…`; '' when the engine did not say. */
  image: string;
  explanations: BuildExplanation[];
  /** Names of caches that are ready to be fetched, in the order of `--cache-to type=local`. */
  caches: string[];
}

/** Shows the classic stream as Docker's client does. Throws CliError with the failed command's exit code. */
export async function showClassic(
  response: TransportResponse,
  out: Parameters<typeof renderProgress>[1],
): Promise<BuildResult> {
  const result: BuildResult = { image: '', explanations: [], caches: [] };
  let code = 0;
  const messages = (async function* () {
    for await (const message of jsonLines<ProgressMessage>(response)) {
      code = message.errorDetail?.code ?? 0;
      if (!note(message, result)) yield message;
    }
  })();
  try {
    await renderProgress(messages, out);
  } catch (error) {
    if (error instanceof CliError && code > 0) throw new CliError(error.message, code);
    throw error;
  }
  return result;
}

/** Gives a view what the stream tells, or what its classic part means where there is nothing better. Throws CliError. */
export async function feedView(response: TransportResponse, view: BuildView): Promise<BuildResult> {
  const result: BuildResult = { image: '', explanations: [], caches: [] };
  const classic = new ClassicSteps();
  let isModern = false;
  for await (const message of jsonLines<ProgressMessage>(response)) {
    const failure = message.errorDetail?.message ?? message.error;
    if (failure !== undefined) {
      if (!isModern) view.take(classic.end(failure));
      throw new CliError(failure);
    }
    if (message.id === BUILD_PROGRESS_ID) {
      isModern = true;
      view.take(message.aux as BuildProgress);
    } else if (!note(message, result) && !isModern) view.take(classic.take(message));
  }
  if (!isModern) view.take(classic.end());
  return result;
}

/** Reads to the end, gathering what a quiet build prints. Throws CliError. */
export async function readQuietly(response: TransportResponse): Promise<BuildResult & { text: string }> {
  const result: BuildResult = { image: '', explanations: [], caches: [] };
  let text = '';
  for await (const message of jsonLines<ProgressMessage>(response)) {
    const failure = message.errorDetail?.message ?? message.error;
    if (failure !== undefined) throw new CliError(text + failure, message.errorDetail?.code || 1);
    if (!note(message, result)) text += message.stream ?? '';
  }
  return { ...result, image: result.image || text.trim(), text };
}

/** True for a message that is not for people. */
function note(message: ProgressMessage, result: BuildResult): boolean {
  const { aux, id } = message;
  if (aux === undefined || aux === null) return false;
  if (id === BUILD_EXPLAIN_ID) result.explanations.push(aux as BuildExplanation);
  else if (id === BUILD_CACHE_ID) result.caches.push((aux as BuildCacheExport).cache);
  else if (id !== BUILD_PROGRESS_ID && typeof aux === 'object' && 'ID' in aux) result.image = String(aux.ID);
  return true;
}

/** Where the classic view writes when nothing is to be seen. */
export function silentOutput(): Pick<Context['out'], 'write' | 'drain' | 'isTerminal' | 'size'> {
  return { write: () => {}, drain: async () => {}, isTerminal: false, size: () => undefined };
}
