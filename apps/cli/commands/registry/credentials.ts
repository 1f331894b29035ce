import { type AuthConfig, encodeAuth } from '@berth/client';
import { CliError } from '../../cli-error.ts';
import type { ConfigFile } from '../../config-file.ts';
import type { Context } from '../../context.ts';
import { HUB, serverHost, serverOfImage } from './server.ts';

/** Where credentials of one server are kept. Helpers are asked for nothing but the server that they are set for. */
export interface CredentialStore {
  get(): Promise<AuthConfig | undefined>;
  store(auth: AuthConfig): Promise<void>;
  erase(): Promise<void>;
  /** True when credentials are written to config.json as they are. */
  readonly plain: boolean;
}

/** The store that config.json names for this server: its credential helper, the general one, else the file. */
export async function credentialStore(context: Context, server: string): Promise<CredentialStore> {
  const { config } = context;
  const helper = config.credHelpers?.[server] ?? config.credHelpers?.[serverHost(server)] ?? config.credsStore;
  if (helper) return helperStore(context, server, helper);
  return fileStore(context, server);
}

/**
 * The X-Registry-Auth header for an image's registry. A helper that does not work is said on stderr, and nothing is sent;
 * credentials never go to another registry than the one they are stored for.
 */
export async function registryAuth(context: Context, image: string): Promise<string> {
  return encodeAuth(await credentialsOf(context, serverOfImage(image)));
}

/** The same for a registry by its host, as they are. */
export function credentialsFor(context: Context, domain: string): Promise<AuthConfig> {
  return credentialsOf(context, serverOfImage(`${domain}/image`));
}

async function credentialsOf(context: Context, server: string): Promise<AuthConfig> {
  const { auths, credHelpers, credsStore } = context.config;
  if (!auths && !credHelpers && !credsStore) return {};
  try {
    return (await (await credentialStore(context, server)).get()) ?? {};
  } catch (error) {
    if (!(error instanceof CliError)) throw error;
    context.err.write(`WARNING: ${error.message}\nGoing on without credentials for ${serverHost(server)}.\n`);
    return {};
  }
}

/** Everything that config.json and its helpers know, by server. */
export async function allCredentials(context: Context): Promise<Record<string, AuthConfig>> {
  const { auths = {}, credHelpers = {}, credsStore } = context.config;
  const servers = new Set([...Object.keys(auths), ...Object.keys(credHelpers)]);
  if (credsStore) {
    const { credentialHelper } = await import('./credential-helper.ts');
    for (const server of await credentialHelper(credsStore, { env: context.env }).list()) servers.add(server);
  }
  const all: Record<string, AuthConfig> = {};
  for (const server of servers) {
    const found = await (await credentialStore(context, server)).get();
    if (found) all[server] = found;
  }
  return all;
}

async function helperStore(context: Context, server: string, name: string): Promise<CredentialStore> {
  const { credentialHelper } = await import('./credential-helper.ts');
  const { changeAuths } = await import('./config-writer.ts');
  const helper = credentialHelper(name, { env: context.env });
  return {
    plain: false,
    async get() {
      const found = await helper.get(server);
      if (!found) return undefined;
      const { Username, Secret } = found;
      if (Username === '<token>') return { identitytoken: Secret, serveraddress: server };
      return { username: Username, password: Secret, serveraddress: server };
    },
    async store(auth) {
      const token = auth.identitytoken;
      await helper.store(
        server,
        token ? { Username: '<token>', Secret: token } : { Username: auth.username ?? '', Secret: auth.password ?? '' },
      );
      // Docker lists the server without a secret, so that other tools see that there is a login.
      changeAuths(context.configDir, (auths) => ({ ...auths, [server]: {} }));
    },
    async erase() {
      await helper.erase(server);
      changeAuths(context.configDir, (auths) => without(auths, server));
    },
  };
}

async function fileStore(context: Context, server: string): Promise<CredentialStore> {
  const { changeAuths } = await import('./config-writer.ts');
  return {
    plain: true,
    get: async () => fromFile(context.config.auths ?? {}, server),
    async store({ username = '', password = '', identitytoken }) {
      const auth = Buffer.from(`${username}:${password}`).toString('base64');
      const entry = { auth, ...(identitytoken && { identitytoken }) };
      changeAuths(context.configDir, (auths) => ({ ...auths, [server]: entry }));
    },
    async erase() {
      changeAuths(context.configDir, (auths) => without(auths, server));
    },
  };
}

type Auths = NonNullable<ConfigFile['auths']>;

function without(auths: Auths, server: string): Auths {
  const doomed = server === HUB ? [server] : [server, `http://${server}`, `https://${server}`];
  return Object.fromEntries(Object.entries(auths).filter(([key]) => !doomed.includes(key)));
}

/** By the exact key, else by one for the same host and port. */
function fromFile(auths: Auths, server: string): AuthConfig | undefined {
  const key = Object.hasOwn(auths, server)
    ? server
    : Object.keys(auths).find((candidate) => serverHost(candidate) === serverHost(server));
  const entry = key === undefined ? undefined : auths[key];
  if (!entry) return undefined;
  const decoded = Buffer.from(entry.auth ?? '', 'base64').toString('utf8');
  const colon = decoded.indexOf(':');
  if (entry.auth && colon < 0) throw new CliError(`config.json holds no valid credentials for ${server}`);
  const username = entry.username || decoded.slice(0, Math.max(colon, 0));
  const password = entry.password || decoded.slice(colon + 1).replace(/\0+$/, '');
  const { identitytoken } = entry;
  if (!username && !password && !identitytoken) return undefined;
  return { username, password, serveraddress: server, ...(identitytoken && { identitytoken }) };
}
