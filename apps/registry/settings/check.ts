import { BerthError } from '@berth/kit';
import { checkAccess, checkAccessFiles } from '../access/index.ts';
import { checkRoot } from '../claim-root.ts';
import { parseAddress } from '../http/address.ts';
import { checkS3Settings } from '../storage/s3/settings.ts';
import { checkTlsFiles } from '../tls/index.ts';
import { checkUpstreams } from '../upstreams/index.ts';
import { accessSettings } from './access.ts';
import type { RegistryConfig } from './config.ts';

/** What can be said about settings before anything is made. Errors: invalid, naming the setting. */
export function checkConfig({ listen, watch, access, upstreams, storage }: RegistryConfig): void {
  const { host, port } = parseAddress(listen);
  const other = watch && parseAddress(watch.listen);
  if (other && port !== 0 && other.port === port && other.host === host)
    throw new BerthError('invalid', `listen and watch.listen are the same address: ${listen}`);
  checkAccess(access);
  checkUpstreams(upstreams);
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
