import { BerthError } from '@berth/kit';

/** Where and how to store on S3 or what speaks its protocol. */
export interface S3Settings {
  /** `https://s3.eu-central-1.amazonaws.com`, `http://127.0.0.1:9000`. */
  endpoint: string;
  bucket: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** Begin of all keys, without slashes at its ends; empty for the whole bucket. */
  prefix?: string;
  /** Blobs are stored in parts of this many bytes; each upload holds up to two of them in memory. */
  partSize?: number;
}

/** A layer of usual size is a few parts; a hundred uploads at once are 1.6 GB of memory at the most. */
export const PART_SIZE = 8 * 1024 * 1024;

/** Errors: invalid, naming the setting. */
export function checkS3Settings(settings: S3Settings): Required<S3Settings> {
  const { endpoint, bucket, accessKeyId, secretAccessKey, prefix = '', partSize = PART_SIZE } = settings;
  const wrong = (what: string) => new BerthError('invalid', `storage on S3: ${what}`);
  const url = URL.canParse(endpoint) ? new URL(endpoint) : undefined;
  if (url === undefined || !/^https?:$/.test(url.protocol) || url.search !== '' || url.username !== '')
    throw wrong(`the endpoint ${JSON.stringify(endpoint)} is no http or https URL`);
  if (!/^[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]$/i.test(bucket)) throw wrong(`${JSON.stringify(bucket)} is no bucket name`);
  if (accessKeyId === '' || secretAccessKey === '') throw wrong('an access key and its secret are needed');
  if (!/^(?:[A-Za-z0-9._-]+(?:\/[A-Za-z0-9._-]+)*)?$/.test(prefix))
    throw wrong(`invalid prefix ${JSON.stringify(prefix)}`);
  if (!Number.isSafeInteger(partSize) || partSize < 1) throw wrong('the part size must be a number of bytes');
  return { ...settings, prefix, partSize };
}
