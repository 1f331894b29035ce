import { MIXED_JSON, parseJsonForm } from '../lex/json-form.ts';
import type { Statement } from '../lex/statements.ts';
import type { CommandForm } from '../model.ts';
import { fault } from './blame.ts';

/** Exec form when the text is a JSON array of strings, shell form when it is no JSON array. */
export function parseCommand(statement: Statement, text = statement.rest): CommandForm {
  const argv = parseJsonForm(text);
  if (argv === 'mixed') throw fault(statement, MIXED_JSON);
  return argv === undefined ? { form: 'shell', line: text } : { form: 'exec', argv };
}
