import type { CommandEntry } from '../../command.ts';

/** Image commands: summaries here, everything else in the file that is loaded. */
export const imageCommands: readonly CommandEntry[] = [
  {
    path: 'image history',
    aliases: ['history'],
    summary: 'Show the history of an image',
    load: async () => (await import('./history.ts')).command,
  },
  {
    path: 'image import',
    aliases: ['import'],
    summary: 'Import the contents from a tarball to create a filesystem image',
    load: async () => (await import('./import.ts')).command,
  },
  {
    path: 'image inspect',
    summary: 'Display detailed information on one or more images',
    load: async () => (await import('./inspect.ts')).command,
  },
  {
    path: 'image load',
    aliases: ['load'],
    summary: 'Load an image from a tar archive or STDIN',
    load: async () => (await import('./load.ts')).command,
  },
  {
    path: 'image ls',
    aliases: ['image list', 'images'],
    summary: 'List images',
    load: async () => (await import('./ls.ts')).command,
  },
  {
    path: 'image prune',
    summary: 'Remove unused images',
    load: async () => (await import('./prune.ts')).command,
  },
  {
    path: 'image pull',
    aliases: ['pull'],
    summary: 'Download an image from a registry',
    load: async () => (await import('./pull.ts')).command,
  },
  {
    path: 'image push',
    aliases: ['push'],
    summary: 'Upload an image to a registry',
    load: async () => (await import('./push.ts')).command,
  },
  {
    path: 'image rm',
    aliases: ['image remove', 'rmi'],
    summary: 'Remove one or more images',
    load: async () => (await import('./rm.ts')).command,
  },
  {
    path: 'image save',
    aliases: ['save'],
    summary: 'Save one or more images to a tar archive (streamed to STDOUT by default)',
    load: async () => (await import('./save.ts')).command,
  },
  {
    path: 'image starter',
    summary: 'Make starter images from Debian packages, without a registry',
    load: async () => (await import('./starter.ts')).command,
  },
  {
    path: 'image tag',
    aliases: ['tag'],
    summary: 'Create a tag TARGET_IMAGE that refers to SOURCE_IMAGE',
    load: async () => (await import('./tag.ts')).command,
  },
];
