import type { Context } from '../context.ts';

/** Attempts of the first resize: the process may not have its terminal yet. */
const FIRST_ATTEMPTS = 10;
const RETRY_MS = 10;

/** Gives the process our terminal's size now and at each change; the returned function stops that. */
export function followTerminalSize(
  context: Context,
  resize: (rows: number, columns: number) => Promise<void>,
): () => void {
  let stopped = false;
  const send = async (): Promise<void> => {
    const size = context.out.size();
    if (size) await resize(size.rows, size.columns);
  };
  const first = async (): Promise<void> => {
    for (let attempt = 1; !stopped; attempt++) {
      try {
        return await send();
      } catch (error) {
        if (attempt >= FIRST_ATTEMPTS) {
          if (!stopped) context.err.write('failed to resize tty, using default size\n');
          return;
        }
        if (!(error instanceof Error)) throw error;
        await new Promise((resolve) => setTimeout(resolve, attempt * RETRY_MS));
      }
    }
  };
  // A change that fails is followed by the next one or by the end of the process.
  const changed = () => void send().catch(() => undefined);
  process.on('SIGWINCH', changed);
  void first();
  return () => {
    stopped = true;
    process.off('SIGWINCH', changed);
  };
}
