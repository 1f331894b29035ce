import type { CommandEntry } from '../../command.ts';

/** Volume commands. */
export const volumeCommands: readonly CommandEntry[] = [
  {
    path: 'volume create',
    summary: 'Create a volume',
    load: async () => (await import('./create.ts')).command,
  },
  {
    path: 'volume inspect',
    summary: 'Display detailed information on one or more volumes',
    load: async () => (await import('./inspect.ts')).command,
  },
  {
    path: 'volume ls',
    aliases: ['volume list'],
    summary: 'List volumes',
    load: async () => (await import('./ls.ts')).command,
  },
  {
    path: 'volume prune',
    summary: 'Remove unused local volumes',
    load: async () => (await import('./prune.ts')).command,
  },
  {
    path: 'volume rm',
    aliases: ['volume remove'],
    summary: 'Remove one or more volumes',
    load: async () => (await import('./rm.ts')).command,
  },
  {
    path: 'volume update',
    summary: 'Update a volume (cluster volumes only)',
    load: async () => (await import('./update.ts')).command,
  },
];
