import { randomInt } from 'node:crypto';
import { BerthError } from '@berth/kit';
import { ADJECTIVES, SURNAMES } from './names-words.ts';

/**
 * The name without its leading slash.
 * Errors: invalid (`Invalid container name (x), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`).
 */
export function checkName(name: string): string {
  const bare = name.startsWith('/') ? name.slice(1) : name;
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(bare)) {
    throw new BerthError('invalid', `Invalid container name (${name}), only [a-zA-Z0-9][a-zA-Z0-9_.-] are allowed`);
  }
  return bare;
}

/** The error of a name that another container has. */
export function nameConflict(name: string, ownerId: string): BerthError {
  return new BerthError(
    'conflict',
    `Conflict. The container name "/${name}" is already in use by container "${ownerId}". You have to remove (or rename) that container to be able to reuse that name.`,
    { details: { name, ownerId } },
  );
}

/** Two random words, `adjective_surname`; with a number at the end when all of several tries were taken. */
export function generateName(isTaken: (name: string) => boolean): string {
  for (let suffix = 0; ; suffix++) {
    for (let attempt = 0; attempt < 4; attempt++) {
      const name = `${pick(ADJECTIVES)}_${pick(SURNAMES)}${suffix === 0 ? '' : randomInt(10 ** Math.min(suffix, 9))}`;
      if (!isTaken(name)) return name;
    }
  }
}

function pick(words: readonly string[]): string {
  return words[randomInt(words.length)] ?? '';
}
