/** In characters. */
export interface TerminalSize {
  columns: number;
  rows: number;
}

/** Size of the terminal that `fd` is; undefined when it does not say. */
export function terminalSize(fd: number): TerminalSize | undefined {
  // Loading this costs about two milliseconds: only those who ask for the size pay.
  const { WriteStream } = process.getBuiltinModule('node:tty');
  const [columns = 0, rows = 0] = new WriteStream(fd).getWindowSize();
  return columns > 0 && rows > 0 ? { columns, rows } : undefined;
}
