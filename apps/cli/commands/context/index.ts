import type { CommandEntry } from '../../command.ts';

/** Context commands: named engines, kept in the same files as Docker's. */
export const contextCommands: readonly CommandEntry[] = [
  {
    path: 'context create',
    summary: 'Create a context',
    load: async () => (await import('./create.ts')).command,
  },
  {
    path: 'context export',
    summary: 'Export a context to a tar archive FILE or a tar stream on STDOUT.',
    load: async () => (await import('./export.ts')).command,
  },
  {
    path: 'context import',
    summary: 'Import a context from a tar or zip file',
    load: async () => (await import('./import.ts')).command,
  },
  {
    path: 'context inspect',
    summary: 'Display detailed information on one or more contexts',
    load: async () => (await import('./inspect.ts')).command,
  },
  {
    path: 'context ls',
    aliases: ['context list'],
    summary: 'List contexts',
    load: async () => (await import('./ls.ts')).command,
  },
  {
    path: 'context rm',
    aliases: ['context remove'],
    summary: 'Remove one or more contexts',
    load: async () => (await import('./rm.ts')).command,
  },
  {
    path: 'context show',
    summary: 'Print the name of the current context',
    load: async () => (await import('./show.ts')).command,
  },
  {
    path: 'context update',
    summary: 'Update a context',
    load: async () => (await import('./update.ts')).command,
  },
  {
    path: 'context use',
    summary: 'Set the current docker context',
    load: async () => (await import('./use.ts')).command,
  },
];
