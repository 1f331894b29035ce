import { killContainer } from '@berth/client';
import type { Context } from '../context.ts';

/**
 * Passed on to the process. Left out: what cannot be caught, what belongs to this process itself (CHLD, PIPE, URG) and
 * what the runtimes keep for themselves (PROF, VTALRM, PWR, faults).
 */
const FORWARDED = [
  'SIGHUP',
  'SIGINT',
  'SIGQUIT',
  'SIGTERM',
  'SIGUSR1',
  'SIGUSR2',
  'SIGALRM',
  'SIGCONT',
  'SIGTSTP',
  'SIGTTIN',
  'SIGTTOU',
  'SIGWINCH',
  'SIGIO',
] as const;

/** Passes this process's signals to a container; the returned function stops that. */
export function proxySignals(context: Context, container: string): () => void {
  const handlers = FORWARDED.map((signal) => {
    const handler = () => {
      killContainer(context.client, container, signal.slice(3)).catch((error: unknown) => {
        // It may have ended meanwhile; only someone who debugs wants to know.
        if (context.debug)
          context.err.write(`error sending signal: ${error instanceof Error ? error.message : String(error)}\n`);
      });
    };
    process.on(signal, handler);
    return { signal, handler };
  });
  return () => {
    for (const { signal, handler } of handlers) process.off(signal, handler);
  };
}
