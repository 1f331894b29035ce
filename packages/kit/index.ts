export type { BerthErrorOptions, ErrorCode } from './errors.ts';
export { BerthError, describeError, errnoOf, httpStatusOf, isBerthError } from './errors.ts';
export { Gate } from './gate.ts';
export { KeyedLock } from './keyed-lock.ts';
export type { Logger, LogLevel } from './logger.ts';
export { createLogger } from './logger.ts';
export type { Labels, Sample } from './prometheus.ts';
export { family, Histogram } from './prometheus.ts';
export { Scope } from './scope.ts';
