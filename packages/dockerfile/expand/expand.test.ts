import { describe, expect, it } from 'vitest';
import { messageOf } from '../test-build.ts';
import { EXPANSION_LIMIT, expandWord } from './word.ts';

const VALUES: Record<string, string> = {
  x: 'value',
  empty: '',
  w: 'word',
  path: '/usr/local/bin/',
  file: 'a.tar.gz',
  star: 'a*b?c',
  spaced: '80 90',
  umlaut: 'äöü',
};
const variables = (name: string) => (Object.hasOwn(VALUES, name) ? VALUES[name] : undefined);
const expand = (word: string) => expandWord(word, variables, { escape: '\\' }).text;

const CASES: [row: string, word: string, result: string][] = [
  ['expansion/$x', '$x ${x} a${x}b $x_ $xy ${no}', 'value value avalueb   '],
  ['expansion/$x', '$ $. a$', '$ $. a$'],
  ['expansion/${x:-w}', '${x:-d} ${empty:-d} ${no:-d} ${no:-}', 'value d d '],
  ['expansion/${x-w}', '${x-d} ${empty-d} ${no-d}', 'value  d'],
  ['expansion/${x:+w}', '${x:+d} ${empty:+d} ${no:+d}', 'd  '],
  ['expansion/${x+w}', '${x+d} ${empty+d} ${no+d}', 'd d '],
  ['expansion/${x:?w}', '${x:?d}', 'value'],
  ['expansion/${x?w}', '${x?d} ${empty?d}', 'value '],
  ['expansion/${x#p}', '${path#*/} ${file#*.} ${file#z} ${x#}', 'usr/local/bin/ tar.gz a.tar.gz value'],
  ['expansion/${x##p}', '${file##*.} ${path##/*/} ${umlaut##?}', 'gz  öü'],
  ['expansion/${x%p}', '${file%.*} ${path%/} ${path%/*} ${umlaut%?}', 'a.tar /usr/local/bin /usr/local/bin äö'],
  ['expansion/${x%%p}', '${file%%.*} ${path%%/*}', 'a '],
  ['expansion/${x/p/r}', '${path/\\//-} ${file/.*/!} ${x/l?/L}', '-usr/local/bin/ a! vaLe'],
  ['expansion/${x//p/r}', '${path//\\//-} ${x//[a]/b} ${file//?/.}', '-usr-local-bin- value ........'],
  ['expansion/escaped', '\\$x \\${x} \\\\ \\a', '$x ${x} \\ a'],
  ['expansion/rule-1', '${no:-$w} ${no:-${no2:-${x}}} ${x:+"$w $w"} ${no:-\\}}', 'word value word word }'],
  [
    'expansion/rule-2',
    '${star#a\\*} ${star%\\?c} ${file%$no.*} ${file/$no./$w} ${x#${w%ord}}',
    'b?c a*b a.tar awordtar.gz value',
  ],
  ['expansion/rule-3', `'$x' "$x" "\\$x \\" \\\\ \\a" 'a\\b' a"b"'c'`, `$x value $x " \\ \\a a\\b abc`],
  ['expansion/rule-6', '$@ $* $# $? $- $$ $! $0 $12 ${12}', '         '],
];

describe('expansion', () => {
  it.each(CASES)('%s: %s', (_row, word, result) => {
    expect(expand(word)).toBe(result);
  });

  it('expansion/${x:?w}, expansion/${x?w}: the word is the error', () => {
    expect(messageOf(() => expand('${no:?must be set}'))).toBe(
      'failed to process "${no:?must be set}": no: must be set',
    );
    expect(messageOf(() => expand('${empty:?}'))).toContain('empty: is not allowed to be empty');
    expect(messageOf(() => expand('${no?}'))).toContain('no: is not allowed to be unset');
    expect(messageOf(() => expand('a ${no?$w} b'))).toContain('no: word');
  });

  it.each(['${}', '${:x}', '${:}', '${{x}'])('expansion/rule-5: %s is a bad substitution', (word) => {
    expect(messageOf(() => expand(word))).toBe(`failed to process "${word}": syntax error: bad substitution`);
  });

  it('expansion/rule-5: what is missing is named', () => {
    for (const word of ['${', '${x', '${x:-a', '${x#', '${x/a/b', '${no:-${x']) {
      expect(messageOf(() => expand(word))).toContain(`syntax error: missing '}'`);
    }
    expect(messageOf(() => expand('${x/a'))).toContain("syntax error: missing '/' in ${}");
    expect(messageOf(() => expand('${x=a}'))).toContain('unsupported modifier (=) in substitution');
    expect(messageOf(() => expand('${x:=a}'))).toContain('unsupported modifier (:=) in substitution');
    expect(messageOf(() => expand("a'b"))).toContain('looking for matching single-quote');
    expect(messageOf(() => expand('a"b'))).toContain('looking for matching double-quote');
    expect(messageOf(() => expand('${x#\\a}'))).toContain("invalid escape '\\a'");
  });

  it('splits into words at spaces that were not quoted, those of variables included', () => {
    const words = (text: string) => expandWord(text, variables, { escape: '\\' }).words;
    expect(words('$spaced 100')).toEqual(['80', '90', '100']);
    expect(words('"$spaced" a\\ b')).toEqual(['80 90', 'a b']);
    expect(words('  a  b ')).toEqual(['a', 'b']);
    expect(words('')).toEqual([]);
  });

  it('tells which variables were asked for', () => {
    const { found, missing } = expandWord('$x ${no:-$w} ${other}', variables, { escape: '\\' });
    expect([[...found], [...missing]]).toEqual([
      ['x', 'w'],
      ['no', 'other'],
    ]);
  });

  it('the escape character may be a backtick', () => {
    expect(expandWord('`$x c:\\a "`$x" `` ', variables, { escape: '`' }).text).toBe('$x c:\\a $x ` ');
  });

  it('has bounds', () => {
    const big = (name: string) => (name === 'b' ? 'x'.repeat(EXPANSION_LIMIT / 2) : undefined);
    expect(messageOf(() => expandWord('$b$b$b', big, { escape: '\\' }))).toContain('is longer than');
    expect(messageOf(() => expand('${a:-'.repeat(100_000)))).toContain('nested too deeply');
    const wide = (name: string) => (name === 'b' ? 'a'.repeat(60_000) : undefined);
    const pattern = '*a'.repeat(2000);
    expect(messageOf(() => expandWord(`\${b//${pattern}b/x}`, wide, { escape: '\\' }))).toContain('takes too long');
  });
});
