import { randomBytes } from 'node:crypto';
import { BerthError } from '@berth/kit';

/** A new id: 64 hexadecimal digits. */
export function newVolumeId(): string {
  return randomBytes(32).toString('hex');
}

/** Errors: invalid, in Docker's words. */
export function checkVolumeName(name: string): void {
  if (name.length === 1) {
    throw new BerthError(
      'invalid',
      `create ${name}: volume name is too short, names should be at least two alphanumeric characters`,
    );
  }
  if (!/^[a-zA-Z0-9][a-zA-Z0-9_.-]+$/.test(name) || name.length > 255) {
    throw new BerthError(
      'invalid',
      `create ${name}: ${JSON.stringify(name)} includes invalid characters for a local volume name, only "[a-zA-Z0-9][a-zA-Z0-9_.-]" are allowed. If you intended to pass a host directory, use absolute path`,
    );
  }
}
