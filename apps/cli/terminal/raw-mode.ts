/** Size of glibc's struct termios on Linux, with room to spare. */
const TERMIOS_BYTES = 64;
const TCSADRAIN = 1;

/** Signals that end this process by default: the terminal is put back first. */
const ENDING = { SIGHUP: 1, SIGINT: 2, SIGQUIT: 3, SIGTERM: 15 } as const;

/**
 * Puts the terminal into raw mode: bytes go through as they are, in both directions (no ^C, no echo, no line end
 * conversion). The returned function puts it back; that also happens when the process ends in any other way but SIGKILL.
 */
export async function enterRawMode(fd: number): Promise<() => void> {
  const putBack = typeof Bun === 'undefined' ? rawByNode() : await rawByTermios(fd);
  let done = false;
  const handlers = Object.entries(ENDING).map(([signal, number]) => ({
    signal,
    handler: () => process.exit(128 + number),
  }));
  const restore = () => {
    if (done) return;
    done = true;
    putBack();
    process.off('exit', restore);
    for (const { signal, handler } of handlers) process.off(signal, handler);
  };
  process.on('exit', restore);
  for (const { signal, handler } of handlers) process.on(signal, handler);
  return restore;
}

/** tcsetattr(3) with what cfmakeraw(3) makes of the present settings: as Docker's client, also without output processing. */
async function rawByTermios(fd: number): Promise<() => void> {
  const { dlopen } = await import('bun:ffi');
  const { symbols } = dlopen('libc.so.6', {
    tcgetattr: { args: ['i32', 'ptr'], returns: 'i32' },
    tcsetattr: { args: ['i32', 'i32', 'ptr'], returns: 'i32' },
    cfmakeraw: { args: ['ptr'], returns: 'void' },
  });
  const before = new Uint8Array(TERMIOS_BYTES);
  if (symbols.tcgetattr(fd, before) !== 0) throw new Error('cannot read the settings of the terminal');
  const raw = before.slice();
  symbols.cfmakeraw(raw);
  if (symbols.tcsetattr(fd, TCSADRAIN, raw) !== 0) throw new Error('cannot set the terminal to raw mode');
  return () => void symbols.tcsetattr(fd, TCSADRAIN, before);
}

/** Under Node: output processing stays on, which only full-screen programs notice. */
function rawByNode(): () => void {
  process.stdin.setRawMode?.(true);
  return () => void process.stdin.setRawMode?.(false);
}
