import type { CommandEntry } from '../../command.ts';

/** Network commands. */
export const networkCommands: readonly CommandEntry[] = [
  {
    path: 'network connect',
    summary: 'Connect a container to a network',
    load: async () => (await import('./connect.ts')).command,
  },
  {
    path: 'network create',
    summary: 'Create a network',
    load: async () => (await import('./create.ts')).command,
  },
  {
    path: 'network disconnect',
    summary: 'Disconnect a container from a network',
    load: async () => (await import('./disconnect.ts')).command,
  },
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
  {
    path: 'network prune',
    summary: 'Remove all unused networks',
    load: async () => (await import('./prune.ts')).command,
  },
  {
    path: 'network rm',
    aliases: ['network remove'],
    summary: 'Remove one or more networks',
    load: async () => (await import('./rm.ts')).command,
  },
  {
    path: 'net doctor',
    summary: 'Say why a lookup or connection from a container fails, hop by hop',
    load: async () => (await import('./doctor.ts')).command,
  },
  {
    path: 'ports',
    summary: 'List every published port, who can reach it, and why',
    load: async () => (await import('./ports.ts')).command,
  },
];
