export { commandLine, detailsOf, extraAttributes, tagOf } from './attributes.ts';
export { checkLogging, isReadable, isRemote, LOG_DRIVERS, type LogConfig, withDefaults } from './check.ts';
export { DEFAULT_FILE_LIMITS, describeLogBound, type FileLimits, fileLimits } from './file-options.ts';
export { createShipping, type Shipping } from './shipping.ts';
