export { BerthError, describeError, errnoOf, httpStatusOf, isBerthError } from './errors.ts';
export type { BerthErrorOptions, ErrorCode } from './errors.ts';
export { createLogger } from './logger.ts';
export type { Logger, LogLevel } from './logger.ts';
export { Scope } from './scope.ts';
export { KeyedLock } from './keyed-lock.ts';
