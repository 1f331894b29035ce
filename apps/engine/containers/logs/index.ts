export { compressFile, compressible } from './compress.ts';
export { EntryScanner, type Piece } from './entry-scanner.ts';
export { logFiles, sizeOnDisk } from './files.ts';
export { type EntryParser, endOf, LogTail, type LogTailOptions } from './log-tail.ts';
export { openLog } from './open-log.ts';
export { LogParser } from './parse.ts';
export { addReader, oldestNeeded, withoutReaders } from './readers.ts';
export { type LogPosition, tailStart } from './tail-start.ts';
export { forgetLines, trimLog } from './trim.ts';
