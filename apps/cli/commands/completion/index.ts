import type { CommandEntry } from '../../command.ts';

/** Scripts for shells, and what they ask. */
export const completionCommands: readonly CommandEntry[] = [
  {
    path: 'completion bash',
    summary: 'Generate the autocompletion script for bash',
    load: async () => (await import('./bash.ts')).command,
  },
  {
    path: 'completion fish',
    summary: 'Generate the autocompletion script for fish',
    load: async () => (await import('./fish.ts')).command,
  },
  {
    path: 'completion zsh',
    summary: 'Generate the autocompletion script for zsh',
    load: async () => (await import('./zsh.ts')).command,
  },
  {
    path: '__complete',
    summary: 'Suggest what the last word may be; for completion scripts',
    hidden: true,
    load: async () => (await import('./suggest.ts')).command,
  },
  {
    path: '__completeNoDesc',
    summary: 'The same without descriptions',
    hidden: true,
    load: async () => (await import('./suggest.ts')).plainCommand,
  },
];
