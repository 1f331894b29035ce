import type { Operation } from '@berth/dockerfile';
import { BerthError } from '@berth/kit';
import type { Build } from './build-context.ts';
import type { Forbidden } from './files/find-secret.ts';

/** Shorter ones are found everywhere. */
const SHORTEST = 6;

/** The secrets of a build as they must not be found in what it makes: without white space around them. */
export function forbiddenIn({ request }: Build): Forbidden[] {
  return [...(request.session?.secrets ?? [])].flatMap(([id, bytes]) => {
    const value = Buffer.from(bytes.toString('latin1').trim(), 'latin1');
    return value.length < SHORTEST ? [] : [{ id, value }];
  });
}

/** Looks at what a step writes into the configuration and the history. Errors: invalid, naming secret and step. */
export function checkWritten(build: Build, operation: Operation, createdBy: string): void {
  const forbidden = forbiddenIn(build);
  if (forbidden.length === 0) return;
  const places = { history: Buffer.from(createdBy), configuration: Buffer.from(unescapedValues(operation.config)) };
  for (const [place, bytes] of Object.entries(places))
    for (const { id, value } of forbidden) if (bytes.includes(value)) throw leaked(id, `the ${place} of`, operation);
}

/** All texts of a configuration as they are, not as JSON has them. */
function unescapedValues(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value !== 'object' || value === null) return '';
  return Object.entries(value)
    .map(([name, member]) => `${name}\n${unescapedValues(member)}`)
    .join('\n');
}

export function leaked(id: string, where: string, { text, instruction }: Operation): BerthError {
  return new BerthError('invalid', `secret ${id} would be in ${where} this step: ${text}`, {
    hint: 'Whoever has the image could read it. Use it from its mount, and write it nowhere.',
    details: { line: instruction.span.start.line },
  });
}
