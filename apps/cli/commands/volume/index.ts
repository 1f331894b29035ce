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
  {
    path: 'volume backup',
    summary: 'Write the files of a volume as an archive',
    load: async () => (await import('./backup.ts')).command,
  },
  {
    path: 'volume cat',
    summary: 'Write a file of a volume',
    load: async () => (await import('./cat.ts')).command,
  },
  {
    path: 'volume clone',
    summary: 'Make a new volume with the data of another',
    load: async () => (await import('./clone.ts')).command,
  },
  {
    path: 'volume ls-files',
    summary: 'List files of a volume',
    load: async () => (await import('./ls-files.ts')).command,
  },
  {
    path: 'volume rename',
    summary: 'Rename a volume',
    load: async () => (await import('./rename.ts')).command,
  },
  {
    path: 'volume restore',
    summary: "Put a backup or a snapshot in place of a volume's data",
    load: async () => (await import('./restore.ts')).command,
  },
  {
    path: 'volume snapshot',
    summary: 'Keep the data of a volume as it is now',
    load: async () => (await import('./snapshot.ts')).command,
  },
];
