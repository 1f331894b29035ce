import { type AuthConfig, registryLogin } from '@berth/client';
import { isBerthError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import { atMostArgs, type Command } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { FlagValues } from '../../flags/values.ts';
import { credentialStore } from './credentials.ts';
import { readAll, readSecret } from './prompt.ts';
import { HUB, serverKey } from './server.ts';

export const command: Command = {
  usage: '[OPTIONS] [SERVER]',
  description: 'Authenticate to a registry.\nDefaults to Docker Hub if no server is specified.',
  flags: [
    { long: 'password', short: 'p', type: 'string', help: 'Password or Personal Access Token (PAT)' },
    { long: 'password-stdin', type: 'bool', help: 'Take the Password or Personal Access Token (PAT) from stdin' },
    { long: 'username', short: 'u', type: 'string', help: 'Username' },
  ],
  args: atMostArgs(1),
  async run(context, { flags, args }) {
    const server = serverKey(args[0] ?? '');
    const given = await givenCredentials(context, flags);
    const store = await credentialStore(context, server);
    if (given.username === '' && given.password === '') {
      const status = await tryStored(context, server, await store.get());
      if (status !== undefined) return say(context, status);
    }
    const auth = await complete(context, server, given);
    const { Status, IdentityToken } = await registryLogin(context.client, auth);
    await store.store(IdentityToken ? { ...auth, password: '', identitytoken: IdentityToken } : auth);
    // A token can be taken back, and is worth nothing elsewhere: Docker warns of passwords alone.
    if (store.plain && !IdentityToken) context.err.write(plainWarning(context));
    return say(context, Status);
  },
};

interface Given {
  username: string;
  password: string;
}

function say(context: Context, status: string): number {
  if (status) context.out.write(`${status}\n`);
  return 0;
}

async function givenCredentials(context: Context, flags: FlagValues): Promise<Given> {
  const username = flags.string('username');
  if (flags.changed('password') && flags.bool('password-stdin')) {
    throw new CliError('conflicting options: cannot specify both --password and --password-stdin');
  }
  if (flags.string('password') !== '') {
    context.err.write('WARNING! Using --password via the CLI is insecure. Use --password-stdin.\n');
  }
  if (!flags.bool('password-stdin')) return { username, password: flags.string('password') };
  if (username === '') throw new CliError('the --password-stdin option requires --username to be set');
  return { username, password: (await readAll(context.in.fd)).replace(/\n$/, '').replace(/\r$/, '') };
}

/** undefined: there are none, or they no longer hold. */
async function tryStored(context: Context, server: string, auth: AuthConfig | undefined): Promise<string | undefined> {
  if (!auth?.username || !auth.password) return undefined;
  context.err.write(
    `Authenticating with existing credentials... [Username: ${auth.username}]\n\n` +
      ` Info -> To login with a different account, run '${context.programName} logout' followed by '${context.programName} login'\n\n\n`,
  );
  try {
    return (await registryLogin(context.client, { ...auth, serveraddress: server })).Status;
  } catch (error) {
    const stale = isBerthError(error, 'unauthorized');
    const why = error instanceof Error ? error.message : String(error);
    context.err.write(stale ? 'Stored credentials invalid or expired\n' : `Login did not succeed, error: ${why}\n`);
    return undefined;
  }
}

/** Asks for what was not given. */
async function complete(context: Context, server: string, given: Given): Promise<AuthConfig> {
  const { username, password } = given;
  if (username !== '' && password !== '') return { username, password, serveraddress: server };
  if (!context.in.isTerminal) throw new CliError('Error: Cannot perform an interactive login from a non TTY device');
  if (server === HUB && username === '') {
    context.out.write('Log in with your Docker ID or email address to push and pull images from Docker Hub.\n');
  }
  const name = username || ask(context, 'Username: ').trim();
  if (name === '') throw new CliError('username is required');
  const secret = password || (await readSecret(context.in.fd, () => context.out.write('Password: ')));
  if (password === '') context.out.write('\n');
  if (secret === '') throw new CliError('password is required');
  return { username: name, password: secret, serveraddress: server };
}

function ask(context: Context, question: string): string {
  context.out.write(question);
  return context.in.readLine();
}

function plainWarning(context: Context): string {
  return (
    `\nWARNING! Your credentials are stored unencrypted in '${context.configDir}/config.json'.\n` +
    'Configure a credential helper to remove this warning. See\n' +
    'https://docs.docker.com/go/credential-store/\n\n'
  );
}
