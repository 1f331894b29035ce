import type { CommandEntry } from '../../command.ts';

/** Commands about the whole engine, and those for objects of any kind. */
export const systemCommands: readonly CommandEntry[] = [
  {
    path: 'system df',
    summary: 'Show docker disk usage',
    load: async () => (await import('./df.ts')).command,
  },
  {
    path: 'system dial-stdio',
    summary: 'Proxy the stdio stream to the daemon connection. Should not be invoked manually.',
    hidden: true,
    load: async () => (await import('./dial-stdio.ts')).command,
  },
  {
    path: 'system events',
    aliases: ['events'],
    summary: 'Get real time events from the server',
    load: async () => (await import('./events.ts')).command,
  },
  {
    path: 'system info',
    aliases: ['info'],
    summary: 'Display system-wide information',
    load: async () => (await import('./info.ts')).command,
  },
  {
    path: 'system prune',
    summary: 'Remove unused data',
    load: async () => (await import('./prune.ts')).command,
  },
  {
    path: 'version',
    summary: 'Show the Docker version information',
    load: async () => (await import('./version.ts')).command,
  },
];
