import { errnoOf } from '@berth/kit';
import { CliError } from './cli-error.ts';

const REASONS: Record<string, string> = {
  ENOENT: 'no such file or directory',
  EACCES: 'permission denied',
  EISDIR: 'is a directory',
};

/** What to say of a file that cannot be opened or read, in Go's words where people know them. */
export function openError(path: string, error: unknown): CliError {
  const reason = REASONS[errnoOf(error) ?? ''] ?? (error instanceof Error ? error.message : String(error));
  return new CliError(`open ${path}: ${reason}`);
}
