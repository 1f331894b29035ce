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
  {
    path: 'registry serve',
    summary: 'Run a registry that images are pushed to and pulled from',
    load: async () => (await import('./serve.ts')).command,
  },
  {
    path: 'registry htpasswd',
    summary: 'Make, change or remove a user of the registry',
    load: async () => (await import('./htpasswd.ts')).command,
  },
  {
    path: 'registry gc',
    summary: 'Remove what no manifest in the registry needs any more, also while it serves',
    load: async () => (await import('./gc.ts')).command,
  },
  {
    path: 'registry retention',
    summary: "Apply the registry's rules of retention, also while it serves",
    load: async () => (await import('./retention.ts')).command,
  },
];
