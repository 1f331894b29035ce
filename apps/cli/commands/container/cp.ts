import { CliError } from '../../cli-error.ts';
import { type Command, exactArgs } from '../../command.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER:SRC_PATH DEST_PATH|-\n\tPROGRAM cp [OPTIONS] SRC_PATH|- CONTAINER:DEST_PATH',
  description: `Copy files/folders between a container and the local filesystem

Use '-' as the source to read a tar archive from stdin
and extract it to a directory destination in a container.
Use '-' as the destination to stream a tar archive of a
container source to stdout.`,
  flags: [
    { long: 'archive', short: 'a', type: 'bool', help: 'Archive mode (copy all uid/gid information)' },
    { long: 'follow-link', short: 'L', type: 'bool', help: 'Always follow symbol link in SRC_PATH' },
    {
      long: 'quiet',
      short: 'q',
      type: 'bool',
      help: 'Suppress progress output during copy. Progress output is automatically suppressed if no terminal is attached',
    },
  ],
  args: exactArgs(2),
  async run(context, { flags, args: [source = '', destination = ''] }) {
    if (source === '') throw new CliError('source can not be empty');
    if (destination === '') throw new CliError('destination can not be empty');
    const [from, to] = [splitArgument(source), splitArgument(destination)];
    const wish = {
      quiet: flags.changed('quiet') ? flags.bool('quiet') : !context.out.isTerminal,
      followLink: flags.bool('follow-link'),
      archive: flags.bool('archive'),
    };
    if (from.container !== '' && to.container !== '') throw new CliError('copying between containers is not supported');
    if (from.container !== '') {
      const { copyOut } = await import('./copy/copy-out.ts');
      await copyOut(context, { ...wish, container: from.container, source: from.path, destination: to.path });
    } else if (to.container !== '') {
      const { copyIn } = await import('./copy/copy-in.ts');
      await copyIn(context, { ...wish, container: to.container, source: from.path, destination: to.path });
    } else throw new CliError('must specify at least one container source');
    return 0;
  },
};

/** `CONTAINER:PATH`, or a local path: absolute, or with a dot at its start, or without a colon. */
function splitArgument(argument: string): { container: string; path: string } {
  const colon = argument.indexOf(':');
  if (argument.startsWith('/') || colon < 0 || argument.slice(0, colon).startsWith('.')) {
    return { container: '', path: argument };
  }
  return { container: argument.slice(0, colon), path: argument.slice(colon + 1) };
}
