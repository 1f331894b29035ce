import type { ImageHealthcheck } from './config.ts';

/** Go's `%q` of a list: `["sh" "-c"]`, as histories show commands. */
export function goStrings(words: readonly string[]): string {
  return `[${words.map(goQuoted).join(' ')}]`;
}

/** Go's `%q` of a health check, as histories show it: `&{["CMD" "x"] "30s" "0s" "0s" "0s" '\x03'}`. */
export function goHealthcheck(health: ImageHealthcheck): string {
  const { Test, Interval = 0, Timeout = 0, StartPeriod = 0, StartInterval = 0, Retries = 0 } = health;
  const times = [Interval, Timeout, StartPeriod, StartInterval].map((time) => `"${goDuration(time)}"`);
  return `&{${goStrings(Test)} ${times.join(' ')} ${goCharacter(Retries)}}`;
}

/** Go's `%q` of a text: what can be printed stands for itself. */
export function goQuoted(text: string): string {
  return `"${[...text].map((char) => (char === '"' ? '\\"' : escapedCharacter(char))).join('')}"`;
}

/** Go's `%q` of a number, which is a character to it. */
function goCharacter(code: number): string {
  const valid = code <= 0x10ffff && !(code >= 0xd800 && code <= 0xdfff);
  const char = String.fromCodePoint(valid ? code : 0xfffd);
  return `'${char === "'" ? "\\'" : escapedCharacter(char)}'`;
}

const SHORT: Readonly<Record<string, string>> = {
  '\\': '\\\\',
  '\x07': '\\a',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
  '\v': '\\v',
};

function escapedCharacter(char: string): string {
  if (Object.hasOwn(SHORT, char)) return SHORT[char] ?? '';
  if (char === ' ' || /^[\p{L}\p{M}\p{N}\p{P}\p{S}]$/u.test(char)) return char;
  const code = char.codePointAt(0) ?? 0;
  if (code < 0x80) return `\\x${code.toString(16).padStart(2, '0')}`;
  return code < 0x10000 ? `\\u${code.toString(16).padStart(4, '0')}` : `\\U${code.toString(16).padStart(8, '0')}`;
}

/** Go's form of a duration in nanoseconds: `0s`, `1.5s`, `1m30s`, `2h0m0s`, `10ms`. */
export function goDuration(nanoseconds: number): string {
  if (nanoseconds === 0) return '0s';
  if (nanoseconds < 1e3) return `${nanoseconds}ns`;
  if (nanoseconds < 1e6) return `${nanoseconds / 1e3}µs`;
  if (nanoseconds < 1e9) return `${nanoseconds / 1e6}ms`;
  const whole = Math.floor(nanoseconds / 1e9);
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  const fraction = String(nanoseconds % 1e9)
    .padStart(9, '0')
    .replace(/0+$/, '');
  const seconds = `${whole % 60}${fraction === '' ? '' : `.${fraction}`}s`;
  if (hours > 0) return `${hours}h${minutes}m${seconds}`;
  return minutes > 0 ? `${minutes}m${seconds}` : seconds;
}
