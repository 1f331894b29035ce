import { checkAccess, checkAccessFiles, parsePattern } from '../access/index.ts';
import { checkRoot } from '../claim-root.ts';
import { parseAddress } from '../http/address.ts';
import { checkS3Settings } from '../storage/s3/settings.ts';
import { checkTlsFiles } from '../tls/index.ts';
import { checkUpstreams } from '../upstreams/index.ts';
import { accessSettings } from './access.ts';
import type { RegistryConfig } from './config.ts';

/** What can be said about settings before anything is made. Errors: invalid, naming the setting. */
export function checkConfig({ listen, watch, access, upstreams, quotas, storage }: RegistryConfig): void {
  parseAddress(listen);
  if (watch) parseAddress(watch.listen);
  checkAccess(access);
  checkUpstreams(upstreams);
  for (const { repositories } of quotas) for (const pattern of repositories) parsePattern(pattern);
  const { s3 } = storage;
  // Keys may come from the environment of the registry that is started later.
  if (s3)
    checkS3Settings({ ...s3, accessKeyId: s3.accessKeyId ?? 'set', secretAccessKey: s3.secretAccessKey ?? 'set' });
}

/**
 * Reads the files that settings name, as a start does, and looks at the root; makes none. Errors: invalid, unavailable,
 * naming the file.
 */
export async function checkFiles(config: RegistryConfig): Promise<void> {
  checkRoot(config.root);
  if (config.tls) await checkTlsFiles(config.tls);
  await checkAccessFiles(accessSettings(config));
}
