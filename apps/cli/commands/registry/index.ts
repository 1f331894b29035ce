import type { CommandEntry } from '../../command.ts';

/** Commands about registries. */
export const registryCommands: readonly CommandEntry[] = [
  {
    path: 'login',
    summary: 'Authenticate to a registry',
    section: 'common',
    load: async () => (await import('./login.ts')).command,
  },
  {
    path: 'logout',
    summary: 'Log out from a registry',
    section: 'common',
    load: async () => (await import('./logout.ts')).command,
  },
  {
    path: 'search',
    summary: 'Search Docker Hub for images',
    section: 'common',
    load: async () => (await import('./search.ts')).command,
  },
];
