import type { EngineClient } from '../engine-client.ts';

/** Credentials for one registry. */
export interface AuthConfig {
  username?: string;
  password?: string;
  serveraddress?: string;
  identitytoken?: string;
  registrytoken?: string;
}

/** POST /auth: lets the engine try the credentials. Errors: unauthorized. */
export function registryLogin(
  client: EngineClient,
  auth: AuthConfig,
): Promise<{ Status: string; IdentityToken?: string }> {
  return client.json('POST', '/auth', { json: auth });
}

/** Credentials as the X-Registry-Auth header carries them. */
export function encodeAuth(auth: AuthConfig): string {
  return Buffer.from(JSON.stringify(auth)).toString('base64').replaceAll('+', '-').replaceAll('/', '_');
}
