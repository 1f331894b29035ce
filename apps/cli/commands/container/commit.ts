import { commitContainer } from '@berth/client';
import { CliError } from '../../cli-error.ts';
import type { Command } from '../../command.ts';
import { checkReference } from './image-reference.ts';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER [REPOSITORY[:TAG]]',
  flags: [
    { long: 'author', short: 'a', type: 'string', help: 'Author (e.g., "John Hannibal Smith <hannibal@a-team.com>")' },
    { long: 'change', short: 'c', type: 'list', help: 'Apply Dockerfile instruction to the created image' },
    { long: 'message', short: 'm', type: 'string', help: 'Commit message' },
    { long: 'pause', short: 'p', type: 'bool', default: 'true', help: 'Pause container during commit' },
  ],
  args: { min: 1, max: 2 },
  async run(context, { flags, args: [container = '', reference = ''] }) {
    const { Id } = await commitContainer(context.client, container, {
      ...nameOf(reference),
      comment: flags.string('message'),
      author: flags.string('author'),
      changes: flags.list('change'),
      pause: flags.bool('pause'),
    });
    context.out.write(`${Id}\n`);
    return 0;
  },
};

function nameOf(reference: string): { repo: string; tag: string } {
  if (reference === '') return { repo: '', tag: '' };
  checkReference(reference);
  if (reference.includes('@')) throw new CliError('refusing to create a tag with a digest reference');
  const colon = reference.lastIndexOf(':');
  if (colon <= reference.lastIndexOf('/')) return { repo: reference, tag: 'latest' };
  return { repo: reference.slice(0, colon), tag: reference.slice(colon + 1) };
}
