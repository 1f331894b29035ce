import { listImages } from '@berth/client';
import { atMostArgs, type Command } from '../../command.ts';
import { checkFilter, readFilters } from '../../flags/filters.ts';
import { LIST_FORMAT_HELP } from '../../flags/format-help.ts';
import { renderImageList } from '../../render/images.ts';

export const command: Command = {
  usage: '[OPTIONS] [REPOSITORY[:TAG]]',
  flags: [
    { long: 'all', short: 'a', type: 'bool', help: 'Show all images (default hides intermediate images)' },
    { long: 'digests', type: 'bool', help: 'Show digests' },
    {
      long: 'filter',
      short: 'f',
      type: 'filter',
      help: 'Filter output based on conditions provided',
      check: checkFilter,
    },
    { long: 'format', type: 'string', help: LIST_FORMAT_HELP },
    { long: 'no-trunc', type: 'bool', help: "Don't truncate output" },
    { long: 'quiet', short: 'q', type: 'bool', help: 'Only show image IDs' },
  ],
  args: atMostArgs(1),
  async run(context, { flags, args }) {
    const filters = readFilters(flags.list('filter'));
    if (args[0]) filters.reference = [...(filters.reference ?? []), args[0]];
    const images = await listImages(context.client, { all: flags.bool('all'), filters });
    const style = {
      format: flags.string('format'),
      imagesFormat: context.config.imagesFormat,
      quiet: flags.bool('quiet'),
      noTrunc: flags.bool('no-trunc'),
      digests: flags.bool('digests'),
    };
    context.out.write(await renderImageList(images, style));
    return 0;
  },
};
