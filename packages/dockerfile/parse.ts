import { parseError } from './errors.ts';
import { fault } from './instructions/blame.ts';
import { parseCopy } from './instructions/copy.ts';
import { parseFrom } from './instructions/from.ts';
import { parseHealthcheck } from './instructions/healthcheck.ts';
import { parseOnbuild } from './instructions/onbuild.ts';
import { parseArg, parsePairs } from './instructions/pairs.ts';
import { parseCmd, parseExpose, parseShell, parseText, parseVolume } from './instructions/plain.ts';
import { parseRun } from './instructions/run.ts';
import { detectSyntax, parseDirectives } from './lex/directives.ts';
import { splitLines } from './lex/lines.ts';
import { readStatements, type Statement } from './lex/statements.ts';
import type { Dockerfile, Instruction, Written } from './model.ts';
import type { Source } from './source.ts';
import { suggestion } from './suggest.ts';

/** The keywords of the language, in Docker's order of suggestions. */
export const KEYWORDS = [
  'ADD',
  'ARG',
  'CMD',
  'COPY',
  'ENTRYPOINT',
  'ENV',
  'EXPOSE',
  'FROM',
  'HEALTHCHECK',
  'LABEL',
  'MAINTAINER',
  'ONBUILD',
  'RUN',
  'SHELL',
  'STOPSIGNAL',
  'USER',
  'VOLUME',
  'WORKDIR',
] as const;

/**
 * Reads a Dockerfile. `name` is what errors call it. Bytes are read as UTF-8; what is no UTF-8 becomes U+FFFD.
 * Throws `invalid`, placed (see `parseError`), at the first thing that is wrong.
 */
export function parseDockerfile(text: string | Uint8Array, name = 'Dockerfile'): Dockerfile {
  const lines = splitLines(typeof text === 'string' ? text : new TextDecoder('utf-8').decode(text));
  const source: Source = { name, lines: lines.map((line) => line.text) };
  const directives = parseDirectives(lines, source);
  const escapeChar = directives.find((directive) => directive.name === 'escape')?.value ?? '\\';
  const statements = readStatements(lines, source, escapeChar, directives.at(-1)?.line ?? 0);
  const instructions = statements.map((statement) => understand(statement, escapeChar));
  if (instructions.length === 0) throw parseError(wholeFile(source), 'file with no instructions');
  checkStart(instructions, source);
  return { source, escape: escapeChar, directives, syntax: detectSyntax(lines), instructions };
}

/** Reads one instruction that an image stores for ONBUILD. `name` says of which image. */
export function parseTrigger(expression: string, name: string): Instruction {
  const { instructions } = readLoose(expression, name);
  const [instruction, more] = instructions;
  if (instruction === undefined || more !== undefined) {
    throw parseError(wholeFile({ name, lines: [expression] }), 'onbuild trigger should be a single expression');
  }
  return { ...instruction, trigger: true };
}

function readLoose(text: string, name: string) {
  const lines = splitLines(text);
  const source: Source = { name, lines: lines.map((line) => line.text) };
  return { instructions: readStatements(lines, source, '\\').map((statement) => understand(statement, '\\')) };
}

function checkStart(instructions: readonly Instruction[], source: Source): void {
  const first = instructions.find(({ kind }) => kind !== 'arg');
  if (first === undefined) throw parseError(wholeFile(source), 'dockerfile contains no stages to build');
  if (first.kind !== 'from') throw parseError({ source, span: first.span }, 'no build stage in current context');
}

function wholeFile(source: Source) {
  const line = Math.max(1, source.lines.length);
  return { source, span: { start: { line, column: 1 }, end: { line, column: 1 } } };
}

function understand(statement: Statement, escapeChar: string): Instruction {
  const { source, span, keyword, text, heredocs, comments, blankLines, line } = statement;
  const written: Written = { source, span, keyword, text, heredocs, comments, blankLines, line };
  switch (keyword.toLowerCase()) {
    case 'from':
      return parseFrom(statement, written);
    case 'run':
      return parseRun(statement, written, escapeChar);
    case 'cmd':
      return parseCmd(statement, written, 'cmd');
    case 'entrypoint':
      return parseCmd(statement, written, 'entrypoint');
    case 'copy':
      return parseCopy(statement, written, 'copy');
    case 'add':
      return parseCopy(statement, written, 'add');
    case 'env':
      return parsePairs(statement, written, 'env', escapeChar);
    case 'label':
      return parsePairs(statement, written, 'label', escapeChar);
    case 'arg':
      return parseArg(statement, written, escapeChar);
    default:
      return understandRest(statement, written, escapeChar);
  }
}

function understandRest(statement: Statement, written: Written, escapeChar: string): Instruction {
  const keyword = statement.keyword.toLowerCase();
  switch (keyword) {
    case 'expose':
      return parseExpose(statement, written);
    case 'volume':
      return parseVolume(statement, written);
    case 'user':
    case 'workdir':
    case 'stopsignal':
    case 'maintainer':
      return parseText(statement, written, keyword);
    case 'shell':
      return parseShell(statement, written);
    case 'healthcheck':
      return parseHealthcheck(statement, written);
    case 'onbuild':
      return parseOnbuild(statement, written, (inner) => understand(inner, escapeChar));
    default: {
      const name = statement.keyword;
      const shown = name.length > 100 ? `${name.slice(0, 100)}…` : name;
      throw fault(statement, `unknown instruction: ${shown}${suggestion(name, KEYWORDS)}`, {
        text: name,
        at: Math.max(0, statement.line.text.indexOf(name)),
      });
    }
  }
}
