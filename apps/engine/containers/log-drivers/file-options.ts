import { BerthError } from '@berth/kit';
import { fileSize, goBoolean } from './values.ts';

/** How much of a container's log is kept on disk. */
export interface FileLimits {
  /** Bytes after which the live file is rotated; undefined: never. */
  maxSize: number | undefined;
  /** Files in all, the live one included. */
  maxFiles: number;
  /** Rotated files are compressed. */
  compress: boolean;
}

/**
 * The bound of a log that nothing was said about. Docker's `json-file` has none; a program that writes a lot then fills
 * the disk of its host.
 */
export const DEFAULT_FILE_LIMITS: FileLimits = { maxSize: 10_000_000, maxFiles: 10, compress: false };
/** Docker's own defaults of the driver `local`, which remote drivers have for their copy as well. */
const LOCAL_LIMITS: FileLimits = { maxSize: 20_000_000, maxFiles: 5, compress: true };

/** What `max-size`, `max-file` and `compress` ask for; of remote drivers those with `cache-`. Errors: invalid. */
export function fileLimits({ Type, Config }: { Type: string; Config: Record<string, string> }): FileLimits {
  if (Type === 'json-file') return jsonFileLimits(Config);
  const prefix = Type === 'local' ? '' : 'cache-';
  const limits = {
    maxSize: Config[`${prefix}max-size`] === undefined ? LOCAL_LIMITS.maxSize : maxSize(Config, prefix),
    maxFiles: maxFiles(Config, prefix) ?? LOCAL_LIMITS.maxFiles,
    compress: compress(Config, prefix),
  };
  // As asked for only where that can be; the default gives way.
  return { ...limits, compress: limits.compress ?? (limits.maxFiles > 1 && LOCAL_LIMITS.compress) };
}

/** How much is kept of the logs of containers that say nothing themselves, in words. */
export function describeLogBound({
  logDriver,
  logOpts,
}: {
  logDriver: string;
  logOpts: Record<string, string>;
}): string {
  if (logDriver === 'none') return 'nothing is kept';
  const { maxSize, maxFiles } = fileLimits({ Type: logDriver, Config: logOpts });
  if (maxSize === undefined) return 'none';
  const size = maxSize >= 1e6 ? `${Number((maxSize / 1e6).toFixed(3))}MB` : `${Number((maxSize / 1e3).toFixed(3))}kB`;
  return maxFiles === 1 ? `1 file of ${size}` : `${maxFiles} files of ${size}`;
}

function jsonFileLimits(config: Record<string, string>): FileLimits {
  const sized = config['max-size'] !== undefined;
  const limits = {
    maxSize: sized ? maxSize(config, '') : DEFAULT_FILE_LIMITS.maxSize,
    maxFiles: maxFiles(config, '') ?? (sized ? 1 : DEFAULT_FILE_LIMITS.maxFiles),
    compress: compress(config, '') ?? DEFAULT_FILE_LIMITS.compress,
  };
  if (limits.compress && (limits.maxFiles === 1 || limits.maxSize === undefined))
    throw invalid('compress cannot be true when max-file is less than 2 or max-size is not set');
  return limits;
}

function maxSize(config: Record<string, string>, prefix: string): number | undefined {
  const text = config[`${prefix}max-size`] ?? '';
  if (text === '-1') return undefined;
  const bytes = fileSize(text);
  if (bytes === undefined) throw invalid(`invalid size: '${text}'`);
  if (bytes === 0) throw invalid(`${prefix}max-size must be a positive number`);
  return bytes;
}

function maxFiles(config: Record<string, string>, prefix: string): number | undefined {
  const text = config[`${prefix}max-file`];
  if (text === undefined) return undefined;
  if (!/^[+-]?\d{1,9}$/.test(text)) throw invalid(`invalid value for ${prefix}max-file: "${text}" is not a number`);
  if (Number(text) < 1) throw invalid(`${prefix}max-file cannot be less than 1`);
  return Number(text);
}

function compress(config: Record<string, string>, prefix: string): boolean | undefined {
  const text = config[`${prefix}compress`];
  if (text === undefined) return undefined;
  const value = goBoolean(text);
  if (value === undefined) throw invalid(`invalid value for ${prefix}compress: "${text}" is not true or false`);
  return value;
}

function invalid(message: string): BerthError {
  return new BerthError('invalid', message);
}
