import { BerthError } from '@berth/kit';

/** What a mode is changed of. */
interface Changed {
  type: string;
  mode: number;
}

const BITS: Record<string, number> = { r: 4, w: 2, x: 1 };
const SHIFTS: Record<string, number> = { u: 6, g: 3, o: 0 };
const SPECIAL: Record<string, number> = { u: 0o4000, g: 0o2000, o: 0 };

/**
 * `--chmod`: an octal mode, or chmod's symbolic form (`u=rwX,go=rX`). The result has setuid, setgid and sticky.
 * Errors: invalid.
 */
export function modeChanger(text: string): (file: Changed) => number {
  if (/^0?[0-7]{1,4}$/.test(text)) {
    const mode = Number.parseInt(text, 8);
    return () => mode;
  }
  const clauses = text.split(',').map((clause) => {
    const parts = /^([ugoa]*)((?:[-+=](?:[rwxXst]*|[ugo]))+)$/.exec(clause);
    if (!parts)
      throw new BerthError(
        'invalid',
        `invalid chmod parameter: '${text}'. it should be octal string and between 0 and 07777`,
      );
    const who = parts[1] === '' || parts[1]!.includes('a') ? ['u', 'g', 'o'] : [...new Set(parts[1]!)];
    const changes = [...parts[2]!.matchAll(/([-+=])([ugo]|[rwxXst]*)/g)].map(([, how, what]) => ({
      how: how!,
      what: what!,
    }));
    return { who, changes };
  });
  return ({ type, mode: before }) => {
    let mode = before;
    for (const { who, changes } of clauses)
      for (const { how, what } of changes) mode = applyTo(mode, { who, how, what, isDirectory: type === 'directory' });
    return mode;
  };
}

function applyTo(
  before: number,
  { who, how, what, isDirectory }: { who: string[]; how: string; what: string; isDirectory: boolean },
): number {
  let bits = 0;
  let mask = 0;
  for (const one of who) {
    const shift = SHIFTS[one]!;
    mask |= (7 << shift) | SPECIAL[one]!;
    if (/^[ugo]$/.test(what)) bits |= ((before >> SHIFTS[what]!) & 7) << shift;
    else
      for (const letter of what) {
        if (letter === 'X') bits |= isDirectory || (before & 0o111) !== 0 ? 1 << shift : 0;
        else if (letter === 's') bits |= SPECIAL[one]!;
        else if (letter !== 't') bits |= BITS[letter]! << shift;
      }
  }
  const sticky = what.includes('t') && !/^[ugo]$/.test(what) ? 0o1000 : 0;
  if (how === '+') return before | bits | sticky;
  if (how === '-') return before & ~(bits | sticky);
  return (before & ~mask) | bits | sticky;
}
