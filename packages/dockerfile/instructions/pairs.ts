import type { Statement } from '../lex/statements.ts';
import { splitQuoted } from '../lex/words.ts';
import type { ArgInstruction, Pair, PairsInstruction, Written } from '../model.ts';
import { fault, spanBetween, spanOf } from './blame.ts';
import { Flags } from './flags.ts';

/** `NAME=VALUE …`, or the old `NAME VALUE` with one pair, told apart by the first word. */
export function parsePairs(
  statement: Statement,
  written: Written,
  kind: 'env' | 'label',
  escapeChar: string,
): PairsInstruction {
  const name = kind.toUpperCase();
  const words = splitQuoted(statement.rest, escapeChar, statement.restAt);
  const first = words[0];
  const pairs: Pair[] = [];
  if (first !== undefined && !first.text.includes('=')) pairs.push(legacyPair(statement, name));
  else {
    for (const word of words) {
      const equals = word.text.indexOf('=');
      if (equals === -1) {
        const shown = JSON.stringify(word.text);
        throw fault(statement, `Syntax error - can't find = in ${shown}. Must be of the form: name=value`, word);
      }
      const [left, value] = [word.text.slice(0, equals), word.text.slice(equals + 1)];
      pairs.push({ name: left, value, legacy: false, span: spanOf(statement, word) });
    }
  }
  new Flags(statement);
  if (pairs.length === 0) throw fault(statement, `${name} requires at least one argument`);
  if (pairs.some((pair) => pair.name === '')) throw fault(statement, `${name} names can not be blank`);
  return { ...written, kind, pairs };
}

function legacyPair(statement: Statement, keyword: string): Pair {
  const { rest, restAt } = statement;
  const match = /^([^\t\v\f\r ]*)[\t\v\f\r ]+/.exec(rest);
  if (match === null) throw fault(statement, `${keyword} must have two arguments`);
  const span = spanBetween(statement, restAt, restAt + rest.length);
  return { name: match[1] ?? '', value: rest.slice(match[0].length), legacy: true, span };
}

export function parseArg(statement: Statement, written: Written, escapeChar: string): ArgInstruction {
  const words = splitQuoted(statement.rest, escapeChar, statement.restAt);
  if (words.length === 0) throw fault(statement, 'ARG requires at least one argument');
  const args = words.map((word) => {
    const equals = word.text.indexOf('=');
    if (equals === 0) throw fault(statement, 'ARG names can not be blank', word);
    const span = spanOf(statement, word);
    if (equals === -1) return { name: word.text, value: undefined, span };
    return { name: word.text.slice(0, equals), value: word.text.slice(equals + 1), span };
  });
  new Flags(statement);
  return { ...written, kind: 'arg', args };
}
