import { MIXED_JSON, parseJsonForm } from '../lex/json-form.ts';
import type { Statement } from '../lex/statements.ts';
import { splitBlanks } from '../lex/words.ts';
import type {
  CommandInstruction,
  ExposeInstruction,
  ShellInstruction,
  TextInstruction,
  VolumeInstruction,
  Written,
} from '../model.ts';
import { fault } from './blame.ts';
import { parseCommand } from './command.ts';
import { listOf } from './copy.ts';
import { Flags } from './flags.ts';

export function parseCmd(statement: Statement, written: Written, kind: 'cmd' | 'entrypoint'): CommandInstruction {
  new Flags(statement);
  const command = parseCommand(statement);
  // an empty line is an empty list in Docker: it clears what was there
  const empty = command.form === 'shell' && command.line === '';
  return { ...written, kind, command: empty ? { form: 'exec', argv: [] } : command };
}

export function parseExpose(statement: Statement, written: Written): ExposeInstruction {
  const ports = splitBlanks(statement.rest).map(({ text }) => text);
  if (ports.length === 0) throw fault(statement, 'EXPOSE requires at least one argument');
  new Flags(statement);
  return { ...written, kind: 'expose', ports };
}

export function parseVolume(statement: Statement, written: Written): VolumeInstruction {
  const paths = listOf(statement).map(({ text }) => text.trim());
  if (paths.length === 0) throw fault(statement, 'VOLUME requires at least one argument');
  new Flags(statement);
  if (paths.includes('')) throw fault(statement, 'VOLUME specified can not be an empty string');
  return { ...written, kind: 'volume', paths };
}

export function parseText(statement: Statement, written: Written, kind: TextInstruction['kind']): TextInstruction {
  if (statement.rest === '') throw fault(statement, `${kind.toUpperCase()} requires exactly one argument`);
  new Flags(statement);
  return { ...written, kind, value: statement.rest };
}

export function parseShell(statement: Statement, written: Written): ShellInstruction {
  new Flags(statement);
  const argv = parseJsonForm(statement.rest);
  if (argv === 'mixed') throw fault(statement, MIXED_JSON);
  if (statement.rest === '' || argv?.length === 0) throw fault(statement, 'SHELL requires at least one argument');
  if (argv === undefined) throw fault(statement, 'SHELL requires the arguments to be in JSON form');
  return { ...written, kind: 'shell', argv };
}
