import { pullImage } from '@berth/client';
import { type Command, exactArgs } from '../../command.ts';
import { registryAuth } from '../registry/credentials.ts';
import { refuseContentTrust, trustFlag } from './content-trust.ts';
import { readNamed } from './named.ts';
import { showStream } from './show-stream.ts';

export const command: Command = {
  usage: '[OPTIONS] NAME[:TAG|@DIGEST]',
  flags: [
    { long: 'all-tags', short: 'a', type: 'bool', help: 'Download all tagged images in the repository' },
    trustFlag('Skip image verification'),
    { long: 'platform', type: 'string', help: 'Set platform if server is multi-platform capable' },
    { long: 'quiet', short: 'q', type: 'bool', help: 'Suppress verbose output' },
  ],
  args: exactArgs(1),
  async run(context, { flags, args }) {
    const quiet = flags.bool('quiet');
    const image = readNamed(args[0] ?? '', flags.bool('all-tags'));
    refuseContentTrust(flags, context);
    if (image.tagIsDefault && !quiet) context.out.write(`Using default tag: ${image.tag}\n`);
    const response = await pullImage(context.client, image.repository, {
      tag: image.tag,
      platform: (flags.string('platform') || context.env.DOCKER_DEFAULT_PLATFORM || '').toLowerCase(),
      auth: await registryAuth(context, image.familiar),
    });
    await showStream(context, response, { quiet });
    context.out.write(`${image.full}\n`);
    return 0;
  },
};
