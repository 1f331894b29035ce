import { BerthError } from '@berth/kit';
import type { StorageConfig } from '../settings/storage.ts';
import { openDisk } from './disk.ts';
import type { StorageDriver } from './driver.ts';

/** Files below the root, or a bucket. Errors: invalid; unavailable, when the bucket does not answer. */
export async function openStorage({ s3 }: StorageConfig, root: string, env = process.env): Promise<StorageDriver> {
  if (s3 === undefined) return openDisk(root);
  const accessKeyId = s3.accessKeyId ?? env['AWS_ACCESS_KEY_ID'];
  const secretAccessKey = s3.secretAccessKey ?? env['AWS_SECRET_ACCESS_KEY'];
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new BerthError('invalid', 'storage on S3 needs an access key and its secret', {
      hint: 'Set storage.s3.accessKeyId and secretAccessKey, or the variables AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.',
    });
  }
  // The client library is not needed by those who store on disk.
  const { openS3 } = await import('./s3/index.ts');
  try {
    return await openS3({ ...s3, accessKeyId, secretAccessKey });
  } catch (cause) {
    if (cause instanceof BerthError) throw cause;
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new BerthError('unavailable', `the bucket ${s3.bucket} at ${s3.endpoint} cannot be used: ${why}`, { cause });
  }
}
