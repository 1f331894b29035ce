import { atMostArgs, type Command } from '../../command.ts';
import { credentialStore } from './credentials.ts';
import { HUB, serverKey } from './server.ts';

export const command: Command = {
  usage: '[SERVER]',
  description: 'Log out from a registry.\nIf no server is specified, the default is defined by the daemon.',
  flags: [],
  args: atMostArgs(1),
  async run(context, { args }) {
    const server = serverKey(args[0] ?? '');
    context.out.write(`Removing login credentials for ${server}\n`);
    const names =
      server === HUB ? [server] : [...new Set([args[0] ?? '', server, `http://${server}`, `https://${server}`])];
    const errors: string[] = [];
    for (const name of names) {
      try {
        await (await credentialStore(context, name)).erase();
      } catch (error) {
        errors.push(`${name}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }
    // Older logins may be under other spellings: only when none could be looked at is there something to say.
    if (errors.length < names.length) return 0;
    context.err.write(`WARNING: could not erase credentials:\n${errors.join('\n')}\n`);
    return 0;
  },
};
