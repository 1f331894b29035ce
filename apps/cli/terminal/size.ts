import { isatty, WriteStream } from 'node:tty';

/** In characters. */
export interface TerminalSize {
  columns: number;
  rows: number;
}

export function isTerminal(fd: number): boolean {
  return isatty(fd);
}

/** Size of the terminal that `fd` is; undefined when it does not say. */
export function terminalSize(fd: number): TerminalSize | undefined {
  const [columns = 0, rows = 0] = new WriteStream(fd).getWindowSize();
  return columns > 0 && rows > 0 ? { columns, rows } : undefined;
}
