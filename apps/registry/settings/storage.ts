import { PART_SIZE, type S3Settings } from '../storage/s3/settings.ts';
import { atLeast, field, object, optional, type Reader, required, size, text } from './shape.ts';

/** The section `storage`: files below `root` unless S3 is named. */
export interface StorageConfig {
  s3: S3Config | undefined;
}

/** Keys are in the configuration, or in the environment as AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY. */
export interface S3Config extends Omit<S3Settings, 'accessKeyId' | 'secretAccessKey'> {
  accessKeyId: string | undefined;
  secretAccessKey: string | undefined;
}

const s3 = object<S3Config>({
  endpoint: required(text),
  bucket: required(text),
  region: field(text, 'us-east-1'),
  prefix: field(text, ''),
  // With less, a layer is more objects than anybody can list, and each is a request.
  partSize: field(atLeast(64 * 1024, '64KiB', size), PART_SIZE),
  accessKeyId: optional(text),
  secretAccessKey: optional(text),
});

export const readStorage: Reader<StorageConfig> = object({ s3: optional(s3) });
