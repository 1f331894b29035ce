import type { CommandEntry } from '../../command.ts';

/** Commands on manifest lists: the client's own, without the engine. */
export const manifestCommands: readonly CommandEntry[] = [
  {
    path: 'manifest annotate',
    summary: 'Add additional information to a local image manifest',
    load: async () => (await import('./annotate.ts')).command,
  },
  {
    path: 'manifest create',
    summary: 'Create a local manifest list for annotating and pushing to a registry',
    load: async () => (await import('./create.ts')).command,
  },
  {
    path: 'manifest inspect',
    summary: 'Display an image manifest, or manifest list',
    load: async () => (await import('./inspect.ts')).command,
  },
  {
    path: 'manifest push',
    summary: 'Push a manifest list to a repository',
    load: async () => (await import('./push.ts')).command,
  },
  {
    path: 'manifest rm',
    summary: 'Delete one or more manifest lists from local storage',
    load: async () => (await import('./rm.ts')).command,
  },
];
