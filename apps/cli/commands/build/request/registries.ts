import type { Context } from '../../../context.ts';
import { allCredentials } from '../../registry/credentials.ts';

/** The X-Registry-Config header: credentials of all registries, so that base images can be pulled. */
export async function registryConfig(context: Context): Promise<string> {
  const { auths, credHelpers, credsStore } = context.config;
  const all = auths || credHelpers || credsStore ? await allCredentials(context) : {};
  return Buffer.from(JSON.stringify(all)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
