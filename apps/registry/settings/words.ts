import { BerthError } from '@berth/kit';

/** A flag of one of the registry's commands. */
export interface FlagSpec {
  /** With what stands for its value: `listen ADDR`; without a value: `dry-run`. */
  name: string;
  help: string;
}

/** Flags as written: `--name VALUE`, `--name=VALUE`, switches alone. `help` is always one. Errors: invalid. */
export function readWords(command: string, words: readonly string[], specs: readonly FlagSpec[]): Map<string, string> {
  const values = new Map<string, string>();
  const rest = [...words];
  for (let word = rest.shift(); word !== undefined; word = rest.shift()) {
    if (word === '-h') word = '--help';
    const [, name, , inline] = /^--([a-z][a-z-]*)(=(.*))?$/s.exec(word) ?? [];
    const spec = name === 'help' ? { name: 'help' } : specs.find((one) => one.name.split(' ')[0] === name);
    if (name === undefined || !spec)
      throw new BerthError(
        'invalid',
        name === undefined ? `no arguments are taken: ${word}` : `unknown flag: --${name}`,
        {
          hint: `See '${command} --help'.`,
        },
      );
    const isSwitch = !spec.name.includes(' ');
    const value = inline ?? (isSwitch ? 'true' : rest.shift());
    if (value === undefined) throw new BerthError('invalid', `flag needs an argument: --${name}`);
    if (isSwitch && value !== 'true' && value !== 'false')
      throw new BerthError('invalid', `--${name} is true or false, not ${JSON.stringify(value)}`);
    if (!isSwitch || value === 'true') values.set(name, value);
  }
  return values;
}

/** The lines of a help text. */
export function flagLines(specs: readonly FlagSpec[]): string {
  const all = [...specs, { name: 'help', help: 'Print this' }];
  const width = Math.max(...all.map(({ name }) => name.length)) + 3;
  return all
    .map(({ name, help }) => `      --${name.padEnd(width)}${help.replaceAll('\n', `\n${' '.repeat(width + 8)}`)}\n`)
    .join('');
}
