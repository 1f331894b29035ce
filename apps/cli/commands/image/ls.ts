import { listImages } from '@berth/client';
import { CliError } from '../../cli-error.ts';
import { atMostArgs, type Command } from '../../command.ts';
import { checkFilter, readFilters } from '../../flags/filters.ts';
import { LIST_FORMAT_HELP } from '../../flags/format-help.ts';
import type { FlagValues } from '../../flags/values.ts';
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
    { long: 'tree', type: 'bool', help: 'List multi-platform images as a tree (EXPERIMENTAL)' },
  ],
  args: atMostArgs(1),
  async run(context, { flags, args }) {
    const filters = readFilters(flags.list('filter'));
    if (args[0]) filters.reference = [...(filters.reference ?? []), args[0]];
    const tree = flags.bool('tree');
    if (tree) checkTree(flags);
    const all = flags.bool('all');
    const images = await listImages(context.client, { all, filters, manifests: tree });
    if (tree) {
      const { renderImageTree } = await import('../../render/image-tree.ts');
      const { colors } = context.out;
      context.out.write(renderImageTree(images, { all, columns: context.out.size()?.columns ?? 80, colors }));
      return 0;
    }
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

/** What a tree cannot show; Docker's words, which name one flag by its old name. */
function checkTree(flags: FlagValues): void {
  const refused = [
    ['quiet', flags.bool('quiet')],
    ['no-trunc', flags.bool('no-trunc')],
    ['show-digest', flags.bool('digests')],
    ['format', flags.string('format') !== ''],
  ] as const;
  for (const [name, given] of refused) if (given) throw new CliError(`--${name} is not yet supported with --tree`);
}
