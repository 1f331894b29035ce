import { basename } from 'node:path';
import { BerthError } from '@berth/kit';

/** A name as Docker takes it: lower case letters, digits, `-` and `_`, beginning with a letter or digit. */
export function normalizeName(text: string): string {
  return text
    .toLowerCase()
    .replace(/[^a-z0-9_-]/g, '')
    .replace(/^[_-]+/, '');
}

/** A name that was given must be right as it is. Throws 'invalid'. */
export function checkedName(text: string): string {
  if (normalizeName(text) === text && text !== '') return text;
  throw new BerthError(
    'invalid',
    `invalid project name ${JSON.stringify(text)}: must consist only of lowercase alphanumeric characters, hyphens, and underscores as well as start with a letter or number`,
  );
}

/** The name of a project that nobody named: that of its folder. Throws 'invalid' when nothing of it is left. */
export function nameOfFolder(folder: string): string {
  const name = normalizeName(basename(folder));
  if (name !== '') return name;
  throw new BerthError('invalid', 'project name must not be empty', {
    hint: `Give one with -p NAME, COMPOSE_PROJECT_NAME or a 'name:' in the file; that of the folder ${folder} gives none.`,
  });
}
