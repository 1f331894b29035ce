import { pushImage } from '@berth/client';
import { type Command, exactArgs } from '../../command.ts';
import { registryAuth } from '../registry/credentials.ts';
import { refuseContentTrust, trustFlag } from './content-trust.ts';
import { readNamed } from './named.ts';
import { parsePlatform } from './platform.ts';
import { showStream } from './show-stream.ts';

export const command: Command = {
  usage: '[OPTIONS] NAME[:TAG]',
  flags: [
    { long: 'all-tags', short: 'a', type: 'bool', help: 'Push all tags of an image to the repository' },
    trustFlag('Skip image signing'),
    {
      long: 'platform',
      type: 'string',
      help:
        'Push a platform-specific manifest as a single-platform image to the registry.\n' +
        "Image index won't be pushed, meaning that other manifests, including attestations won't be preserved.\n" +
        "'os[/arch[/variant]]': Explicit platform (eg. linux/amd64)",
    },
    { long: 'quiet', short: 'q', type: 'bool', help: 'Suppress verbose output' },
  ],
  args: exactArgs(1),
  async run(context, { flags, args }) {
    const quiet = flags.bool('quiet');
    const platform = parsePlatform(flags.string('platform'));
    const image = readNamed(args[0] ?? '', flags.bool('all-tags'));
    refuseContentTrust(flags, context);
    if (image.tagIsDefault && !quiet) context.out.write(`Using default tag: ${image.tag}\n`);
    const response = await pushImage(context.client, image.familiar, {
      tag: image.tag,
      ...(platform && { platform }),
      auth: await registryAuth(context, image.familiar),
    });
    await showStream(context, response, { quiet });
    if (quiet) context.out.write(`${image.full}\n`);
    return 0;
  },
};
