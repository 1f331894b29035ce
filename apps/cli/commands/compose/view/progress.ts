import type { Operation, Progress } from '@berth/compose';
import type { Compose } from '../compose.ts';

/** Shows how operations go on. */
export interface ProgressView {
  /** Called before the first of them. */
  begin(operations: readonly Operation[]): void;
  progress(progress: Progress): void;
  /** Something that needs nothing done: `Container shop-web-1`, `Running`. */
  note(subject: string, word: string): void;
  /** After the last, or the failure. */
  end(): void;
}

/** The view that flags and the terminal ask for. */
export async function openView(compose: Compose, options: { quiet?: boolean } = {}): Promise<ProgressView> {
  const { context, progress: wish, classic, dryRun } = compose;
  if (options.quiet || wish === 'quiet') return QUIET;
  if (classic) return (await import('./classic.ts')).classicView(compose);
  if (wish === 'json') return (await import('./json.ts')).jsonView(context.err, dryRun);
  const live = wish === 'tty' || (wish === 'auto' && context.err.isTerminal && compose.ansi.err);
  if (live) return (await import('./live.ts')).liveView(compose.area, dryRun);
  return (await import('./plain.ts')).plainView(context.err, dryRun);
}

const nothing = () => undefined;
const QUIET: ProgressView = { begin: nothing, progress: nothing, note: nothing, end: nothing };
