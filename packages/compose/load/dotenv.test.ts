/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what people write in an environment file */
import { describe, expect, it } from 'vitest';
import { readEnvFile, readRawEnvFile } from './dotenv.ts';

const outside = new Map([['HOST', { value: 'h', from: 'environment' }]]);
const read = (text: string) => readEnvFile(text, '.env', outside).map(({ name, value }) => [name, value]);

describe('environment files', () => {
  it.each([
    ['A=1', [['A', '1']]],
    ['# comment\n\nA=1', [['A', '1']]],
    ['export A=1', [['A', '1']]],
    ['A: 1', [['A', '1']]],
    ['A = 1 ', [['A', '1']]],
    ['A=1 # comment', [['A', '1']]],
    ['A=1#2', [['A', '1#2']]],
    ['A=', [['A', '']]],
    ['A', [['A', undefined]]],
    ["A='$HOST # x'", [['A', '$HOST # x']]],
    ['A="$HOST # x" # comment', [['A', 'h # x']]],
    ['A="a\\nb\\t\\"c\\\\"', [['A', 'a\nb\t"c\\']]],
    ['A="line\nline"', [['A', 'line\nline']]],
    [
      "A='line\nline'\nB=2",
      [
        ['A', 'line\nline'],
        ['B', '2'],
      ],
    ],
    [
      'A=1\nB=${A}2',
      [
        ['A', '1'],
        ['B', '12'],
      ],
    ],
    ['A=${NONE:-d}', [['A', 'd']]],
    ['A="\\$HOST"', [['A', '$HOST']]],
    [
      'A=1\r\nB=2',
      [
        ['A', '1'],
        ['B', '2'],
      ],
    ],
    ['A.b-c=1', [['A.b-c', '1']]],
    ['A={"x": 1}', [['A', '{"x": 1}']]],
  ])('%j', (text, lines) => {
    expect(read(text)).toEqual(lines);
  });

  it('names the line of a mistake', () => {
    expect(() => read('A=1\nB="x')).toThrow('.env:2:1: unterminated quoted value "x');
    expect(() => read('A=1\n=2')).toThrow('.env:2:1: unexpected character in variable name near "=2"');
    expect(() => read('A B=2')).toThrow('.env:1:1: key cannot contain a space');
  });

  it('the raw format takes everything after the first =', () => {
    expect(readRawEnvFile('A="x" # y\n#c\nB\nC=a=b')).toEqual([
      { name: 'A', value: '"x" # y', line: 1 },
      { name: 'B', value: undefined, line: 3 },
      { name: 'C', value: 'a=b', line: 4 },
    ]);
  });
});
