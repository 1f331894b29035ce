import { createPolicy, parsePattern } from '../access/index.ts';
import { checkS3Settings } from '../storage/s3/settings.ts';
import { checkUpstreams } from '../upstreams/index.ts';
import type { RegistryConfig } from './config.ts';

/** What can be said about settings without opening anything. Errors: invalid, naming the setting. */
export function checkConfig({ access, upstreams, quotas, storage }: RegistryConfig): void {
  createPolicy(access.rules ?? []);
  checkUpstreams(upstreams);
  for (const { repositories } of quotas) for (const pattern of repositories) parsePattern(pattern);
  const { s3 } = storage;
  // Keys may come from the environment of the registry that is started later.
  if (s3)
    checkS3Settings({ ...s3, accessKeyId: s3.accessKeyId ?? 'set', secretAccessKey: s3.secretAccessKey ?? 'set' });
}
