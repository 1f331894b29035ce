/* biome-ignore-all lint/suspicious/noTemplateCurlyInString: it is what people write in a Compose file */
import { describe, expect, it } from 'vitest';
import { interpolateText, type Variables } from './interpolate.ts';

const variables: Variables = new Map([
  ['SET', { value: 'x', from: 'environment' }],
  ['EMPTY', { value: '', from: '.env:1' }],
]);
const place = { file: 'compose.yaml', line: 3, column: 5 };
const expand = (text: string) => interpolateText(text, { variables, onUnset: () => undefined }, place);

describe('variables in values', () => {
  it.each([
    ['$SET', 'x'],
    ['a${SET}b', 'axb'],
    ['$NONE', ''],
    ['${SET:-d}', 'x'],
    ['${EMPTY:-d}', 'd'],
    ['${NONE:-d}', 'd'],
    ['${EMPTY-d}', ''],
    ['${NONE-d}', 'd'],
    ['${SET:?e}', 'x'],
    ['${EMPTY?e}', ''],
    ['${SET:+r}', 'r'],
    ['${EMPTY:+r}', ''],
    ['${EMPTY+r}', 'r'],
    ['${NONE+r}', ''],
    ['$$SET', '$SET'],
    ['$${SET}', '${SET}'],
    ['${NONE:-${SET}}', 'x'],
    ['${NONE:-a${NONE-${SET}}c}', 'axc'],
    ['${NONE:-{"a":1}}', '{"a":1}'],
    ['${NONE:-}', ''],
    ['${SET}${SET}', 'xx'],
    ['no variable', 'no variable'],
  ])('%s is %s', (text, value) => {
    expect(expand(text)).toBe(value);
  });

  it.each([
    ['${NONE:?is needed}', 'compose.yaml:3:5: required variable NONE is missing a value: is needed'],
    ['${EMPTY:?}', 'compose.yaml:3:5: required variable EMPTY is missing a value'],
    ['${NONE?}', 'compose.yaml:3:5: required variable NONE is missing a value'],
    ['${', 'compose.yaml:3:5: invalid interpolation format: "${"'],
    ['${1A}', 'compose.yaml:3:5: invalid interpolation format: "${1A}"'],
    ['${A!b}', 'compose.yaml:3:5: invalid interpolation format: "${A!b}"'],
    ['$ x', 'compose.yaml:3:5: invalid interpolation format: "$ x"'],
  ])('%s is an error', (text, message) => {
    expect(() => expand(text)).toThrow(message);
  });

  it('nested without an end is refused quickly', () => {
    const deep = `${'${NONE:-'.repeat(10_000)}x${'}'.repeat(10_000)}`;
    expect(() => expand(deep)).toThrow(/nested deeper than 64 levels/);
  });

  it('tells which variables were used, and from where', () => {
    const uses: { name: string; from: string }[] = [];
    interpolateText('$SET ${NONE:-d} ${EMPTY}', { variables, onUnset: () => undefined }, place, uses);
    expect(uses).toEqual([
      { name: 'SET', from: 'environment' },
      { name: 'NONE', from: 'default' },
      { name: 'EMPTY', from: '.env:1' },
    ]);
  });
});
