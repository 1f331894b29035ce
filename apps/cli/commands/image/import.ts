import { importImage } from '@berth/client';
import { atLeastArgs, type Command } from '../../command.ts';
import { checkReference } from '../container/image-reference.ts';
import { descriptorChunks, fileChunks } from './file-chunks.ts';
import { showStream } from './show-stream.ts';

export const command: Command = {
  usage: '[OPTIONS] file|URL|- [REPOSITORY[:TAG]]',
  flags: [
    { long: 'change', short: 'c', type: 'list', help: 'Apply Dockerfile instruction to the created image' },
    { long: 'message', short: 'm', type: 'string', help: 'Set commit message for imported image' },
    { long: 'platform', type: 'string', help: 'Set platform if server is multi-platform capable' },
  ],
  args: atLeastArgs(1),
  async run(context, { flags, args: [source = '', reference = ''] }) {
    if (reference !== '') checkReference(reference);
    const isUrl = /^https?:\/\//.test(source);
    const archive = isUrl ? undefined : source === '-' ? descriptorChunks(context.in.fd) : fileChunks(source);
    const response = await importImage(context.client, archive, {
      source: isUrl ? source : '-',
      repo: reference,
      // The engine splits the reference itself.
      tag: '',
      message: flags.string('message'),
      changes: flags.list('change'),
      platform: (flags.string('platform') || context.env.DOCKER_DEFAULT_PLATFORM || '').toLowerCase(),
    });
    await showStream(context, response);
    return 0;
  },
};
