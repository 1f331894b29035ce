import { readFileSync } from 'node:fs';
import { CliError } from '../../../cli-error.ts';

/**
 * Reads a file of `NAME=value` lines: `#` comments and empty lines are skipped, values are taken as they are. A name
 * alone becomes what `lookUp` says, or nothing. `kind` (`env file`, `label file`) is for errors.
 */
export function readLines(path: string, kind: string, lookUp: (name: string) => string | undefined): string[] {
  const bytes = readContent(path, kind);
  const lines = new TextDecoder('utf-8').decode(bytes).split(/\r?\n/);
  return lines.flatMap((line, index) => {
    if (line.includes('\uFFFD') && !isUtf8(bytes))
      throw new CliError(`invalid ${kind} (${path}): invalid utf8 bytes at line ${index + 1}`);
    const text = line.trimStart();
    if (text === '' || text.startsWith('#')) return [];
    const equals = text.indexOf('=');
    const name = equals < 0 ? text : text.slice(0, equals);
    if (/\s/.test(name)) throw new CliError(`invalid ${kind} (${path}): variable '${name}' contains whitespaces`);
    if (name === '') throw new CliError(`invalid ${kind} (${path}): no variable name on line '${text}'`);
    if (equals >= 0) return [text];
    const found = lookUp(name.trim());
    return found === undefined ? [] : [found];
  });
}

function readContent(path: string, kind: string): Uint8Array {
  try {
    return readFile(path);
  } catch (error) {
    if (!(error instanceof CliError) || !error.message.endsWith(': is a directory')) throw error;
    throw new CliError(`invalid ${kind} (${path}): read ${path}: is a directory`);
  }
}

/** Reads a whole file; errors in Go's words (`open PATH: no such file or directory`). */
export function readFile(path: string): Uint8Array {
  try {
    return readFileSync(path);
  } catch (error) {
    throw new CliError(`open ${path}: ${reason(error)}`);
  }
}

function isUtf8(bytes: Uint8Array): boolean {
  try {
    new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    return true;
  } catch {
    return false;
  }
}

const REASONS: Record<string, string> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
  ENOTDIR: 'not a directory',
};

function reason(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return ('code' in error && REASONS[String(error.code)]) || error.message;
}
