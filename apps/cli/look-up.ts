import type { CommandEntry, GroupEntry } from './command.ts';
import { entries, groups } from './registry.ts';

/** What words name. */
export type Found = { group: GroupEntry } | { entry: CommandEntry; words: string; rest: readonly string[] };

/**
 * The longest command that the words begin with. An alias inside a group (`container list`) is shown as the canonical
 * path; a top-level one (`ps`) is a command of its own name, except one that stands beside a top-level canonical name.
 */
export function lookUp(words: readonly string[]): Found | undefined {
  for (let length = Math.min(3, words.length); length > 0; length--) {
    const path = words.slice(0, length).join(' ');
    for (const entry of entries) {
      if (entry.path !== path && !entry.aliases?.includes(path)) continue;
      const shown = length === 1 ? path : entry.path;
      return { entry, words: shown, rest: words.slice(length) };
    }
  }
  const group = groups.find((candidate) => candidate.path === words[0]);
  return group && { group };
}
