export { openS3 } from './open-s3.ts';
export type { S3Settings } from './settings.ts';
