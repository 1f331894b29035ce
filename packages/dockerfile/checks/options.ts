import { BerthError } from '@berth/kit';
import type { CheckRule } from './rules.ts';

/** What `# check=…` and BUILDKIT_DOCKERFILE_CHECK say. */
export interface CheckOptions {
  skip: ReadonlySet<string> | 'all';
  /** Experimental checks that are wanted. */
  experimental: ReadonlySet<string> | 'all';
  /** A finding fails the build. */
  error: boolean;
}

/** Reads `skip=A,B;error=true;experimental=all`; '' is nothing. Throws `invalid` with Docker's sentences. */
export function parseCheckOptions(text: string): CheckOptions {
  const options: CheckOptions = { skip: new Set(), experimental: new Set(), error: false };
  if (text.trim() === '') return options;
  for (const part of text.trim().split(';')) {
    const equals = part.indexOf('=');
    if (equals === -1) throw refusal(`invalid check option ${JSON.stringify(part)}`);
    const name = part.slice(0, equals).trim();
    const value = part.slice(equals + 1).trim();
    if (name === 'skip') options.skip = readNames(value);
    else if (name === 'experimental') options.experimental = readNames(value);
    else if (name !== 'error') throw refusal(`invalid check option ${JSON.stringify(name)}`);
    else if (/^(?:1|t|true)$/i.test(value)) options.error = true;
    else if (/^(?:0|f|false)$/i.test(value)) options.error = false;
    else throw refusal(`failed to parse check option ${JSON.stringify(part)}`);
  }
  return options;
}

/** True when findings of the rule are to be told. `comments` stand directly above the instruction and may skip too. */
export function isWanted(
  { name, experimental }: CheckRule,
  options: CheckOptions,
  comments: readonly string[],
): boolean {
  const skips = [options.skip, ...comments.flatMap(skipOf)];
  if (skips.some((skip) => skip === 'all' || skip.has(name))) return false;
  return !experimental || options.experimental === 'all' || options.experimental.has(name);
}

/** `# check=skip=NAME` above an instruction. */
function skipOf(comment: string): CheckOptions['skip'][] {
  const match = /^check\s*=\s*(.*)$/i.exec(comment);
  if (match?.[1] === undefined) return [];
  try {
    return [parseCheckOptions(match[1]).skip];
  } catch {
    // it is a comment after all
    return [];
  }
}

function readNames(value: string): ReadonlySet<string> | 'all' {
  return value === 'all' ? 'all' : new Set(value.split(',').map((name) => name.trim()));
}

function refusal(message: string): BerthError {
  return new BerthError('invalid', message);
}
