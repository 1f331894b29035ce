import { describe, expect, it } from 'vitest';
import type { FlagSpec } from '../command.ts';
import { nearest, parseFlags } from './parse.ts';

const SPECS: readonly FlagSpec[] = [
  { long: 'interactive', short: 'i', type: 'bool', help: '' },
  { long: 'tty', short: 't', type: 'bool', help: '' },
  { long: 'env', short: 'e', type: 'list', help: '' },
  { long: 'publish', short: 'p', type: 'list', help: '' },
  { long: 'name', type: 'string', help: '' },
  { long: 'cpu-shares', short: 'c', type: 'int', help: '' },
  { long: 'sig-proxy', type: 'bool', default: 'true', help: '' },
  { long: 'pull', type: 'string', default: 'missing', help: '' },
];

const run = (line: string) => parseFlags(line === '' ? [] : line.split(' '), SPECS, false);
const messageOf = (line: string) => {
  try {
    run(line);
    return 'no error';
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
};

describe('flags are read as pflag reads them', () => {
  it('takes combined shorthands', () => {
    const { flags, args } = run('-it alpine sh');
    expect([flags.bool('interactive'), flags.bool('tty'), args]).toEqual([true, true, ['alpine', 'sh']]);
  });

  it.each([
    ['-eA=1 x', ['A=1']],
    ['-e A=1 x', ['A=1']],
    ['-e=A=1 x', ['A=1']],
    ['--env A=1 --env=B=2 x', ['A=1', 'B=2']],
    ['-ite A=1 x', ['A=1']],
    ['-e -X x', ['-X']],
    ['-e= x', ['=']],
    ['--env= x', ['']],
  ])('takes values: %s', (line, values) => {
    const { flags, args } = run(line);
    expect(flags.list('env')).toEqual(values);
    expect(args).toEqual(['x']);
  });

  it.each([
    ['-p80:80', '80:80'],
    ['-p 80:80', '80:80'],
  ])('%s', (line, value) => {
    expect(run(`${line} x`).flags.list('publish')).toEqual([value]);
  });

  it.each(['-t=false', '--tty=false', '--tty=0', '-it=f'])('%s turns off', (line) => {
    const { flags } = run(`${line} x`);
    expect([flags.bool('tty'), flags.changed('tty')]).toEqual([false, true]);
  });

  it('leaves everything behind the first argument alone', () => {
    const { flags, args } = run('-i alpine sh -c -t --name x');
    expect([flags.changed('tty'), args]).toEqual([false, ['alpine', 'sh', '-c', '-t', '--name', 'x']]);
  });

  it('finds flags anywhere when they may stand anywhere', () => {
    const { flags, args } = parseFlags(['a', '-i', 'b', '--', '-t'], SPECS, true);
    expect([flags.bool('interactive'), flags.bool('tty'), args]).toEqual([true, false, ['a', 'b', '-t']]);
  });

  it('takes a lone dash as an argument', () => {
    expect(parseFlags(['-', '-i'], SPECS, true).args).toEqual(['-']);
  });

  it('knows defaults and what was written', () => {
    const { flags } = run('x');
    expect([flags.bool('sig-proxy'), flags.string('pull'), flags.changed('pull'), flags.number('cpu-shares')]).toEqual([
      true,
      'missing',
      false,
      0,
    ]);
  });

  it.each([
    ['--nope x', 'unknown flag: --nope'],
    ['-x', "unknown shorthand flag: 'x' in -x"],
    ['-ixt', "unknown shorthand flag: 'x' in -xt"],
    ['--name', 'flag needs an argument: --name'],
    ['-e', "flag needs an argument: 'e' in -e"],
    ['-ie', "flag needs an argument: 'e' in -e"],
    [
      '--cpu-shares=x',
      'invalid argument "x" for "-c, --cpu-shares" flag: strconv.ParseInt: parsing "x": invalid syntax',
    ],
    [
      '--tty=maybe',
      'invalid argument "maybe" for "-t, --tty" flag: strconv.ParseBool: parsing "maybe": invalid syntax',
    ],
    ['---x', 'bad flag syntax: ---x'],
    ['--=x', 'bad flag syntax: --=x'],
  ])('%s: %s', (line, message) => {
    expect(messageOf(line)).toBe(message);
  });

  it.each([
    ['--help', 'long'],
    ['-h', 'short'],
    ['-ih', 'short'],
    ['--name x --help', 'long'],
  ])('%s asks for help', (line, kind) => {
    expect(run(line).help).toBe(kind);
  });

  it('does not take --help behind the first argument', () => {
    expect(run('alpine --help').help).toBe(false);
  });

  it('asks only for declared flags', () => {
    expect(() => run('x').flags.bool('nope')).toThrow('not declared');
  });
});

describe('what was perhaps meant', () => {
  it.each([
    ['rum', ['run', 'rm'], 'run'],
    ['imagse', ['images', 'image'], 'images'],
    ['memroy', ['memory', 'name'], 'memory'],
    ['publsh-al', ['publish-all'], 'publish-all'],
    ['detach', ['attach'], undefined],
    ['x', ['ps'], undefined],
  ])('%s', (word, candidates, expected) => {
    expect(nearest(word, candidates)).toBe(expected);
  });
});
