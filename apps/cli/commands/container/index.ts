import type { CommandEntry } from '../../command.ts';

/** Container commands: summaries here, everything else in the file that is loaded. */
export const containerCommands: readonly CommandEntry[] = [
  {
    path: 'container rm',
    aliases: ['container remove', 'rm'],
    summary: 'Remove one or more containers',
    load: async () => (await import('./rm.ts')).command,
  },
];
