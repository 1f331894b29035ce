import { BerthError } from '@berth/kit';

export interface ProcessTable {
  Titles: string[];
  Processes: string[][];
}

/** A column of another kind must not be headed PID: it would be taken for the process ids. Errors: invalid. */
export function checkPsArguments(psArgs: string): void {
  for (const [, column, heading] of psArgs.matchAll(/\s+(\S*)=\s*(PID\S*)/g))
    if (column !== 'pid') throw new BerthError('invalid', `specifying "${column}=${heading}" is not allowed`);
}

/**
 * The rows of ps whose process is one of these; rows of threads (`-` for the id) go with the process before them.
 * Errors: invalid (no PID column), internal.
 */
export function parseTable(text: string, pids: ReadonlySet<number>): ProcessTable {
  const [head = '', ...lines] = text.trimEnd().split('\n');
  const Titles = words(head);
  const column = Titles.indexOf('PID');
  if (column < 0) throw new BerthError('invalid', "Couldn't find PID field in ps output");
  const Processes: string[][] = [];
  let within = false;
  for (const line of lines) {
    const row = splitRow(line, Titles.length);
    const id = row[column] ?? '';
    if (id !== '-') {
      if (!/^\d+$/.test(id)) throw new BerthError('internal', `Unexpected pid '${id}' in the output of ps`);
      within = pids.has(Number(id));
    }
    if (within) Processes.push(row);
  }
  return { Titles, Processes };
}

/** The last column holds the command with its spaces. */
function splitRow(line: string, columns: number): string[] {
  const all = words(line);
  return [...all.slice(0, columns - 1), all.slice(columns - 1).join(' ')];
}

/** Blanks of ASCII only: others may be in the name of a program. */
function words(line: string): string[] {
  return line.split(/[ \t\n\v\f\r]+/).filter(Boolean);
}
