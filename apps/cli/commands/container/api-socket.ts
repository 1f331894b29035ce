import { type AuthConfig, type CreateContainerBody, copyToContainer } from '@berth/client';
import { CliError } from '../../cli-error.ts';
import type { Context } from '../../context.ts';
import { writeTar } from '../../contexts/tar.ts';
import { allCredentials } from '../registry/credentials.ts';

/** Where clients in the container look for the socket, as in Docker's. */
const SOCKET = '/var/run/docker.sock';
/** Folder of the configuration that holds the credentials. */
const CONFIG_FOLDER = '/run/secrets/docker';

/**
 * `--use-api-socket`: the engine's socket is mounted, and the user's registry credentials are put into a configuration
 * of the container's own, unless it is told of another one. Changes `body`; the credentials are copied when the
 * container is made. Throws CliError when the engine is not on this machine.
 */
export async function addApiSocket(
  context: Context,
  body: CreateContainerBody,
): Promise<{ copyCredentials(id: string): Promise<void> }> {
  const [, path] = /^unix:\/\/(.+)$/.exec(context.host) ?? [];
  if (path === undefined)
    throw new CliError(
      `flag --use-api-socket can only be used with unix sockets: docker endpoint ${context.host} incompatible`,
    );
  const mounts = body.HostConfig?.Mounts ?? [];
  const socket = { Type: 'bind' as const, Source: path, Target: SOCKET, BindOptions: {} };
  body.HostConfig = { ...body.HostConfig, Mounts: [...mounts, socket] };
  const told = (body.Env ?? []).some((text) => text.startsWith('DOCKER_CONFIG='));
  const credentials = told ? {} : await allCredentials(context);
  if (Object.keys(credentials).length === 0) return { copyCredentials: async () => {} };
  body.Env = [...(body.Env ?? []), `DOCKER_CONFIG=${CONFIG_FOLDER}`];
  const data = new TextEncoder().encode(JSON.stringify({ auths: entries(credentials) }, null, '\t'));
  const archive = writeTar([{ name: `${CONFIG_FOLDER}/config.json`, mode: 0o600, data }]);
  return {
    copyCredentials: (id) => copyToContainer(context.client, id, '/', archive, { copyUidGid: false }),
  };
}

/** As config.json keeps them. */
function entries(credentials: Record<string, AuthConfig>): Record<string, { auth?: string; identitytoken?: string }> {
  return Object.fromEntries(
    Object.entries(credentials).map(([server, { username = '', password = '', identitytoken }]) => [
      server,
      {
        ...((username || password) && { auth: Buffer.from(`${username}:${password}`).toString('base64') }),
        ...(identitytoken && { identitytoken }),
      },
    ]),
  );
}
