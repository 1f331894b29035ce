import type { CommandEntry } from '../../command.ts';

export const aliasCommands: readonly CommandEntry[] = [
  {
    path: 'alias install',
    summary: 'Let this program also answer to docker and docker-compose',
    load: async () => (await import('./install.ts')).command,
  },
  {
    path: 'alias remove',
    summary: 'Remove the names docker and docker-compose again',
    load: async () => (await import('./remove.ts')).command,
  },
];
