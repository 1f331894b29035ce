import { BerthError } from '@berth/kit';

/** Tells whether a repository is meant. `user` takes the place of `{user}`; without one such a pattern means nothing. */
export type RepositoryPattern = (repository: string, user: string | undefined) => boolean;

const LENGTH_MAX = 256;
const USER = '{user}';

/**
 * Reads a pattern of repository names: `*` is any text without a slash, `**` any text, `{user}` the name of whoever
 * asks; everything else is itself. Errors: invalid.
 */
export function parsePattern(text: string): RepositoryPattern {
  const isWritten = /^(?:\{user}|[a-z0-9._/*-])+$/.test(text) && !/^\/|\/\/|\/$/.test(text);
  if (text.length > LENGTH_MAX || !isWritten) {
    throw new BerthError('invalid', `invalid repository pattern ${JSON.stringify(text)}`, {
      hint: 'A pattern is a repository name with * (any part), ** (anything) and {user} (the name of whoever asks) in it.',
    });
  }
  const pieces = text.split(/(\*\*+|\*|\{user\})/).filter((piece) => piece !== '');
  if (!pieces.includes(USER)) {
    const shape = shapeOf(pieces, '');
    return (repository) => shape.test(repository);
  }
  return (repository, user) => user !== undefined && shapeOf(pieces, user).test(repository);
}

/** As `parsePattern`, where nobody is asking whose name could be meant. Errors: invalid. */
export function parseFixedPattern(text: string): (repository: string) => boolean {
  const means = parsePattern(text);
  if (text.includes(USER))
    throw new BerthError(
      'invalid',
      `the repository pattern ${JSON.stringify(text)} names ${USER}, and nobody is asking here`,
    );
  return (repository) => means(repository, undefined);
}

function shapeOf(pieces: readonly string[], user: string): RegExp {
  const source = pieces.map((piece) => {
    if (piece.startsWith('**')) return '.*';
    if (piece === '*') return '[^/]*';
    return escapeText(piece === USER ? user : piece);
  });
  return new RegExp(`^${source.join('')}$`, 's');
}

function escapeText(text: string): string {
  return text.replace(/[.*+?^${}()|[\]\\/-]/g, '\\$&');
}
