import type { Statement } from '../lex/statements.ts';
import { splitBlanks } from '../lex/words.ts';
import type { FromInstruction, Written } from '../model.ts';
import { fault, spanOf } from './blame.ts';
import { Flags } from './flags.ts';

const STAGE_NAME = /^[a-z][a-z0-9-_.]*$/;

export function parseFrom(statement: Statement, written: Written): FromInstruction {
  const [image, as, name, more] = splitBlanks(statement.rest, statement.restAt);
  const named = as !== undefined && name !== undefined && as.text.toLowerCase() === 'as' && more === undefined;
  if (named && !STAGE_NAME.test(name.text.toLowerCase())) {
    const shown = JSON.stringify(name.text);
    throw fault(
      statement,
      `invalid name for build stage: ${shown}, name can't start with a number or contain symbols`,
      name,
    );
  }
  if (image === undefined || (as !== undefined && !named)) {
    throw fault(statement, 'FROM requires either one or three arguments');
  }
  const flags = new Flags(statement, { platform: 'string' });
  return {
    ...written,
    kind: 'from',
    image: image.text,
    imageSpan: spanOf(statement, image),
    name: named ? name.text.toLowerCase() : undefined,
    nameAsWritten: named ? name.text : undefined,
    as: named ? as.text : undefined,
    platform: flags.string('platform'),
  };
}
