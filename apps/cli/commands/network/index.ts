import type { CommandEntry } from '../../command.ts';

/** Network commands. */
export const networkCommands: readonly CommandEntry[] = [
  {
    path: 'network inspect',
    summary: 'Display detailed information on one or more networks',
    load: async () => (await import('./inspect.ts')).command,
  },
  {
    path: 'network ls',
    aliases: ['network list'],
    summary: 'List networks',
    load: async () => (await import('./ls.ts')).command,
  },
];
