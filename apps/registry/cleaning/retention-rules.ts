import { parseFixedPattern } from '../access/index.ts';

/** What stays in repositories whose name matches; the first rule that matches a repository is the one. */
export interface RetentionRule {
  /** Patterns of repository names, see `parseFixedPattern`. */
  repositories: readonly string[];
  /** The tags that were pushed last stay: so many. */
  keepLast?: number | undefined;
  /** Tags pushed less than this many milliseconds ago stay. */
  keepYoungerMs?: number | undefined;
  /** Tags that match one of these patterns stay: `*` is any text. */
  keepTags?: readonly string[] | undefined;
  /** Manifests that no tag leads to go after this many milliseconds; undefined: they stay. */
  untaggedAfterMs?: number | undefined;
}

export interface TagFacts {
  tag: string;
  /** When it was pushed last; milliseconds since 1970. */
  at: number;
}

export function ruleFor(rules: readonly RetentionRule[], repository: string): RetentionRule | undefined {
  return rules.find((rule) => rule.repositories.some((pattern) => parseFixedPattern(pattern)(repository)));
}

/** The tags that a rule takes away: those that none of its conditions keeps. A rule without conditions on tags keeps all. */
export function tagsToRemove(rule: RetentionRule, tags: readonly TagFacts[], now: number): string[] {
  const { keepLast, keepYoungerMs, keepTags } = rule;
  if (keepLast === undefined && keepYoungerMs === undefined && keepTags === undefined) return [];
  const newest = [...tags].sort((a, b) => b.at - a.at || (a.tag < b.tag ? 1 : -1));
  return newest
    .filter(({ tag, at }, n) => {
      if (keepLast !== undefined && n < keepLast) return false;
      if (keepYoungerMs !== undefined && now - at < keepYoungerMs) return false;
      return !keepTags?.some((pattern) => tagMatches(pattern, tag));
    })
    .map(({ tag }) => tag);
}

/** `*` is any text, `?` one sign. */
export function tagMatches(pattern: string, tag: string): boolean {
  const source = pattern.replace(/\*+|\?|[^\w]/g, (part) => {
    if (part === '?') return '.';
    return part.startsWith('*') ? '.*' : `\\${part}`;
  });
  return new RegExp(`^${source}$`).test(tag);
}
