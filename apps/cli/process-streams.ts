import { fstatSync } from 'node:fs';
import { fileInput, fileOutput, type Input, type Output } from './streams.ts';
import { terminalSize } from './terminal/size.ts';

/** stdin, stdout and stderr of this process. */
export function processStreams(): { out: Output; err: Output; input: Input } {
  const noColor = Boolean(process.env.NO_COLOR);
  const output = (fd: number) => {
    const terminal = isTerminal(fd);
    const size = () => (terminal ? terminalSize(fd) : undefined);
    return fileOutput(fd, { isTerminal: terminal, colors: terminal && !noColor, size });
  };
  return { out: output(1), err: output(2), input: fileInput(0, isTerminal(0)) };
}

/** Major device numbers of Linux that are never terminals but often stand for stdin and stdout: /dev/null and its kin. */
const MEMORY_DEVICES = 1;
/** UNIX 98 pseudo terminals. */
const PTS = { first: 136, last: 143 };

/** As isatty(3), but without loading it for files, pipes, /dev/null and pseudo terminals. */
function isTerminal(fd: number): boolean {
  try {
    const stat = fstatSync(fd);
    if (!stat.isCharacterDevice()) return false;
    const major = (stat.rdev >> 8) & 0xfff;
    if (major === MEMORY_DEVICES) return false;
    return (major >= PTS.first && major <= PTS.last) || process.getBuiltinModule('node:tty').isatty(fd);
  } catch {
    return false; // closed
  }
}
