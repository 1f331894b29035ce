import type { Statement } from '../lex/statements.ts';
import type { HealthcheckForm, HealthcheckInstruction, Written } from '../model.ts';
import { fault } from './blame.ts';
import { parseCommand } from './command.ts';
import { parseDuration } from './duration.ts';
import { Flags } from './flags.ts';

const KNOWN = {
  interval: 'string',
  timeout: 'string',
  'start-period': 'string',
  'start-interval': 'string',
  retries: 'string',
} as const;
const MINIMUM = 1e6;
const MOST_RETRIES = 2 ** 31 - 1;

export function parseHealthcheck(statement: Statement, written: Written): HealthcheckInstruction {
  const match = /^(\S+)\s*/.exec(statement.rest);
  if (match === null) throw fault(statement, 'HEALTHCHECK requires at least one argument');
  const type = match[1]?.toUpperCase();
  const rest = statement.rest.slice(match[0].length);
  const flags = new Flags(statement, KNOWN);
  if (type === 'NONE') {
    if (rest !== '') throw fault(statement, 'HEALTHCHECK NONE takes no arguments');
    return { ...written, kind: 'healthcheck', check: undefined };
  }
  if (type !== 'CMD') throw fault(statement, `Unknown type ${JSON.stringify(type)} in HEALTHCHECK (try CMD)`);
  const command = parseCommand(statement, rest);
  if (command.form === 'shell' ? command.line === '' : command.argv.length === 0) {
    throw fault(statement, 'Missing command after HEALTHCHECK CMD');
  }
  const check: HealthcheckForm = {
    command,
    interval: timeOf(statement, flags, 'interval'),
    timeout: timeOf(statement, flags, 'timeout'),
    startPeriod: timeOf(statement, flags, 'start-period'),
    startInterval: timeOf(statement, flags, 'start-interval'),
    retries: retriesOf(statement, flags),
  };
  return { ...written, kind: 'healthcheck', check };
}

function timeOf(statement: Statement, flags: Flags, name: string): number {
  const text = flags.string(name);
  if (text === undefined) return 0;
  const time = parseDuration(text);
  if (time === undefined) throw fault(statement, `time: invalid duration ${JSON.stringify(text)}`, flags.word(name));
  if (time !== 0 && time < MINIMUM) {
    throw fault(statement, `Interval ${JSON.stringify(name)} cannot be less than 1ms`, flags.word(name));
  }
  return time;
}

function retriesOf(statement: Statement, flags: Flags): number {
  const text = flags.string('retries');
  if (text === undefined) return 0;
  const word = flags.word('retries');
  const retries = /^[+-]?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (Number.isNaN(retries)) {
    throw fault(statement, `strconv.ParseInt: parsing ${JSON.stringify(text)}: invalid syntax`, word);
  }
  if (retries < 0) throw fault(statement, `--retries cannot be negative (${retries})`, word);
  if (retries > MOST_RETRIES) {
    throw fault(statement, `strconv.ParseInt: parsing ${JSON.stringify(text)}: value out of range`, word);
  }
  return retries;
}
