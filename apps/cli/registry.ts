import type { CommandEntry, GroupEntry } from './command.ts';
import { containerCommands } from './commands/container/index.ts';

/** Every command's name and summary; loading one is `entry.load()`. One list per folder of commands. */
export const entries: readonly CommandEntry[] = [...containerCommands];

export const groups: readonly GroupEntry[] = [{ path: 'container', summary: 'Manage containers' }];
