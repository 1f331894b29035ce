import type { CommandEntry, GroupEntry } from './command.ts';
import { aliasCommands } from './commands/alias/index.ts';
import { buildCommands } from './commands/build/index.ts';
import { checkpointCommands } from './commands/checkpoint/index.ts';
import { completionCommands } from './commands/completion/index.ts';
import { containerCommands } from './commands/container/index.ts';
import { contextCommands } from './commands/context/index.ts';
import { daemonCommands } from './commands/daemon/index.ts';
import { imageCommands } from './commands/image/index.ts';
import { manifestCommands } from './commands/manifest/index.ts';
import { networkCommands } from './commands/network/index.ts';
import { registryCommands } from './commands/registry/index.ts';
import { systemCommands } from './commands/system/index.ts';
import { volumeCommands } from './commands/volume/index.ts';

/** Every command's name and summary; loading one is `entry.load()`. One list per folder of commands. */
export const entries: readonly CommandEntry[] = [
  ...containerCommands,
  ...aliasCommands,
  ...buildCommands,
  ...checkpointCommands,
  ...completionCommands,
  ...contextCommands,
  ...daemonCommands,
  ...imageCommands,
  ...manifestCommands,
  ...networkCommands,
  ...registryCommands,
  ...systemCommands,
  ...volumeCommands,
  {
    path: 'compose',
    summary: 'Define and run multi-container applications',
    load: async () => (await import('./commands/compose/root.ts')).command,
  },
  {
    path: 'inspect',
    summary: 'Return low-level information on Docker objects',
    load: async () => (await import('./commands/inspect.ts')).command,
  },
];

export const groups: readonly GroupEntry[] = [
  { path: 'alias', summary: 'Manage the names docker and docker-compose for this program' },
  { path: 'builder', summary: 'Manage builds' },
  { path: 'checkpoint', summary: 'Manage checkpoints' },
  { path: 'completion', summary: 'Generate the autocompletion script for a shell' },
  { path: 'container', summary: 'Manage containers' },
  { path: 'context', summary: 'Manage contexts' },
  { path: 'image', summary: 'Manage images' },
  { path: 'manifest', summary: 'Manage Docker image manifests and manifest lists' },
  { path: 'net', summary: 'Find out what is wrong with a network' },
  { path: 'network', summary: 'Manage networks' },
  { path: 'registry', summary: 'Run a registry of images' },
  { path: 'system', summary: 'Manage Docker' },
  { path: 'volume', summary: 'Manage volumes' },
];
