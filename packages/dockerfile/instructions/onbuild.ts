import type { Statement } from '../lex/statements.ts';
import { takeFlags } from '../lex/words.ts';
import type { Instruction, OnbuildInstruction, Written } from '../model.ts';
import { fault } from './blame.ts';
import { Flags } from './flags.ts';

/** `inner` reads the instruction behind ONBUILD. */
export function parseOnbuild(
  statement: Statement,
  written: Written,
  inner: (statement: Statement) => Instruction,
): OnbuildInstruction {
  const { rest, restAt } = statement;
  if (rest === '') throw fault(statement, 'ONBUILD requires at least one argument');
  new Flags(statement);
  const end = /[\t\v\f\r ]|$/.exec(rest)?.index ?? rest.length;
  const keyword = rest.slice(0, end);
  const name = keyword.toUpperCase();
  if (name === 'ONBUILD') throw fault(statement, "Chaining ONBUILD via `ONBUILD ONBUILD` isn't allowed");
  if (name === 'FROM' || name === 'MAINTAINER') throw fault(statement, `${name} isn't allowed as an ONBUILD trigger`);
  const taken = takeFlags(rest.slice(end), restAt + end);
  const blanks = /^\s*/.exec(rest.slice(taken.rest - restAt))?.[0].length ?? 0;
  const args = { rest: rest.slice(taken.rest - restAt + blanks), restAt: taken.rest + blanks };
  const bodies = statement.heredocs.map(({ body, name }) => `\n${body}${name}`);
  return {
    ...written,
    kind: 'onbuild',
    expression: statement.text.replace(/^onbuild\s*/i, '') + bodies.join(''),
    inner: inner({ ...statement, keyword, text: rest, flags: taken.flags, ...args }),
  };
}
