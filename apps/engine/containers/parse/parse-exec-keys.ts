import { BerthError } from '@berth/kit';

const PUNCTUATION: Record<string, number> = { '@': 0, '[': 27, '\\': 28, ']': 29, '^': 30, _: 31 };

/** ctrl-p ctrl-q. */
export const DEFAULT_DETACH_KEYS: readonly number[] = [16, 17];

/**
 * The bytes of a sequence such as `ctrl-p,ctrl-q` or `a,ctrl-[`, in the order in which they must be typed.
 * Errors: invalid (`Invalid detach keys (x) provided`).
 */
export function parseDetachKeys(keys: string): number[] {
  return keys.split(',').map((key) => {
    if (key.length === 1 && key.charCodeAt(0) < 128) return key.charCodeAt(0);
    const [, letter] = /^ctrl-(.)$/.exec(key) ?? [];
    if (letter !== undefined && /[a-z]/.test(letter)) return letter.charCodeAt(0) - 96;
    const code = letter === undefined ? undefined : PUNCTUATION[letter];
    if (code === undefined) throw new BerthError('invalid', `Invalid detach keys (${keys}) provided`);
    return code;
  });
}
