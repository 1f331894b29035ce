import type { CommandEntry } from '../../command.ts';

/** Checkpoint commands. */
export const checkpointCommands: readonly CommandEntry[] = [
  {
    path: 'checkpoint create',
    summary: 'Create a checkpoint from a running container',
    load: async () => (await import('./create.ts')).command,
  },
  {
    path: 'checkpoint ls',
    aliases: ['checkpoint list'],
    summary: 'List checkpoints for a container',
    load: async () => (await import('./ls.ts')).command,
  },
  {
    path: 'checkpoint rm',
    aliases: ['checkpoint remove'],
    summary: 'Remove a checkpoint',
    load: async () => (await import('./rm.ts')).command,
  },
];
