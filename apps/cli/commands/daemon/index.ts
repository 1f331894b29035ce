import type { CommandEntry } from '../../command.ts';

/** The engine's own life; more than Docker has. */
export const daemonCommands: readonly CommandEntry[] = [
  {
    path: 'daemon',
    summary: 'Run the engine in the foreground, or start, stop, restart it in the background',
    load: async () => (await import('./run.ts')).command,
  },
  {
    path: 'daemon start',
    summary: 'Start the engine in the background',
    load: async () => (await import('./start.ts')).command,
  },
  {
    path: 'daemon stop',
    summary: 'Stop the engine; containers go on',
    load: async () => (await import('./stop.ts')).command,
  },
  {
    path: 'daemon restart',
    summary: 'Stop the engine and start it again with the same options; containers go on',
    load: async () => (await import('./restart.ts')).command,
  },
  {
    path: 'daemon reload',
    summary: 'Make the engine read its settings again',
    load: async () => (await import('./reload.ts')).command,
  },
  {
    path: 'daemon tls',
    summary: 'Make certificates for an engine that is reached over the network (daemon tls init)',
    load: async () => (await import('./tls.ts')).command,
  },
  {
    path: 'daemon status',
    summary: 'Say whether the engine runs (exit code 0), or not (3)',
    load: async () => (await import('./status.ts')).command,
  },
];
