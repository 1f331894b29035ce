import { BerthError } from '@berth/kit';
import type { Statement } from '../lex/statements.ts';
import type { Word } from '../lex/words.ts';
import type { DeviceRequest, MountFlag, RunInstruction, Written } from '../model.ts';
import { suggestion } from '../suggest.ts';
import { fault, spanOf } from './blame.ts';
import { parseCommand } from './command.ts';
import { splitCsv } from './csv.ts';
import { Flags } from './flags.ts';
import { mountFrom, resolveMount } from './mount.ts';

const NETWORKS = ['default', 'none', 'host'] as const;
const SECURITY = ['sandbox', 'insecure'] as const;

export function parseRun(statement: Statement, written: Written, escapeChar: string): RunInstruction {
  const flags = new Flags(statement, { mount: 'list', network: 'string', security: 'string', device: 'list' });
  const command = parseCommand(statement);
  const empty = command.form === 'shell' ? command.line === '' : command.argv.length === 0;
  if (empty) throw fault(statement, 'RUN requires at least one argument');
  return {
    ...written,
    kind: 'run',
    command,
    mounts: flags.list('mount').map(({ value, word }) => readMount(statement, value, word, escapeChar)),
    network: choice(
      statement,
      flags,
      'network',
      NETWORKS,
      (value) => `unsupported network mode ${JSON.stringify(value)}`,
    ),
    security: choice(
      statement,
      flags,
      'security',
      SECURITY,
      (value) => `security ${JSON.stringify(value)} is not valid`,
    ),
    devices: flags.list('device').map(({ value, word }) => readDevice(statement, value, word)),
  };
}

function choice<T extends string>(
  statement: Statement,
  flags: Flags,
  name: string,
  allowed: readonly T[],
  refusal: (value: string) => string,
): T | undefined {
  const value = flags.string(name);
  if (value === undefined) return undefined;
  const known = allowed.find((candidate) => candidate === value);
  if (known === undefined) {
    throw fault(statement, `${refusal(value)}${suggestion(value, allowed, true)}`, flags.word(name));
  }
  return known;
}

/** Checks what can be known without variables; all of it when there are none. */
function readMount(statement: Statement, text: string, word: Word, escapeChar: string): MountFlag {
  try {
    const from = mountFrom(text);
    if (!text.includes('$')) resolveMount(text, () => undefined, escapeChar);
    return { text, from, span: spanOf(statement, word) };
  } catch (error) {
    if (error instanceof BerthError) throw fault(statement, error.message, word);
    throw error;
  }
}

function readDevice(statement: Statement, text: string, word: Word): DeviceRequest {
  const device = { name: '', required: false };
  const fields = splitCsv(text);
  if (typeof fields === 'string') throw fault(statement, `failed to parse csv devices: ${fields}`, word);
  for (const [index, field] of fields.entries()) {
    const equals = field.indexOf('=');
    const key = (equals === -1 ? field : field.slice(0, equals)).toLowerCase();
    const value = equals === -1 ? undefined : field.slice(equals + 1);
    if (key === 'name' && value !== undefined) device.name = value;
    else if (key === 'required' && (value === undefined || /^(?:1|t|true)$/i.test(value))) device.required = true;
    else if (key === 'required' && /^(?:0|f|false)$/i.test(value ?? '')) device.required = false;
    else if (key === 'required') throw fault(statement, `invalid value for required: ${value}`, word);
    else if (index === 0 && !/^(?:name|required)$/i.test(key)) device.name = field;
    else
      throw fault(
        statement,
        `unexpected key '${key}' in '${field}'${suggestion(key, ['name', 'required'], true)}`,
        word,
      );
  }
  if (device.name === '') throw fault(statement, 'device name is required', word);
  return device;
}
