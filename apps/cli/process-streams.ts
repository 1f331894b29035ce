import { fstatSync } from 'node:fs';
import { fileInput, fileOutput, type Input, type Output } from './streams.ts';
import { isTerminal, terminalSize } from './terminal/size.ts';

/** stdin, stdout and stderr of this process. */
export function processStreams(): { out: Output; err: Output; input: Input } {
  const noColor = Boolean(process.env.NO_COLOR);
  const output = (fd: number) => {
    const terminal = onTerminal(fd);
    return fileOutput(fd, {
      isTerminal: terminal,
      colors: terminal && !noColor,
      size: () => (terminal ? terminalSize(fd) : undefined),
    });
  };
  return { out: output(1), err: output(2), input: fileInput(0, onTerminal(0)) };
}

/** Asks the terminal only when the descriptor is a character device, because asking loads more code. */
function onTerminal(fd: number): boolean {
  try {
    return fstatSync(fd).isCharacterDevice() && isTerminal(fd);
  } catch {
    return false; // closed
  }
}
