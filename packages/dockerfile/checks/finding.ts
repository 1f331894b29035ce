import { excerpt, type Source, type Span } from '../source.ts';
import { type CheckName, type CheckRule, checkRule } from './rules.ts';

/** What a check found. */
export interface Finding {
  rule: CheckRule;
  /** The sentence for this place. */
  message: string;
  source: Source;
  span: Span;
  /** Comments directly above the instruction. */
  comments: readonly string[];
}

interface Where {
  source: Source;
  span: Span;
  comments: readonly string[];
}

export function finding(name: CheckName, where: Where, message: string, span = where.span): Finding {
  return { rule: checkRule(name), message, source: where.source, span, comments: where.comments };
}

/** As `build --check` prints one: name and address, sentence, lines. */
export function describeFinding({ rule, message, source, span }: Finding): string {
  return `WARNING: ${rule.name} - ${rule.url}\n${message}\n${excerpt(source, span)}`;
}

/** As a build lists one: `NAME: sentence (line 2)`. */
export function summarizeFinding({ rule, message, span }: Finding): string {
  return `${rule.name}: ${message} (line ${span.start.line})`;
}
