import type { CommandEntry } from '../../command.ts';

/** Commands of builds and their cache. */
export const buildCommands: readonly CommandEntry[] = [
  {
    path: 'image build',
    aliases: ['build', 'builder build'],
    summary: 'Build an image from a Dockerfile',
    alsoIn: ['builder'],
    load: async () => (await import('./build.ts')).command,
  },
  {
    path: 'buildx build',
    summary: 'Build an image from a Dockerfile',
    hidden: true,
    load: async () => (await import('./build.ts')).command,
  },
  {
    path: 'builder prune',
    summary: 'Remove build cache',
    load: async () => (await import('./prune.ts')).command,
  },
  {
    path: 'builder du',
    summary: 'Show what the build cache holds',
    load: async () => (await import('./du.ts')).command,
  },
];
