export { logFiles } from './files.ts';
export { LogTail, type LogTailOptions } from './log-tail.ts';
export { openLog } from './open-log.ts';
export { type LogPosition, tailStart } from './tail-start.ts';
