import { listImages } from '@berth/client';
import { CliError } from '../../cli-error.ts';
import { alignTabs } from '../../render/tabwriter.ts';
import { shortId } from '../../render/text.ts';
import { humanDuration, humanSize } from '../../render/units.ts';
import type { ComposeCommand } from './compose.ts';
import { FLAGS } from './flags/bridge-transformations-list.ts';

/** How an image says that it is a transformation. */
export const TRANSFORMATION_LABEL = 'com.docker.compose.bridge=transformation';

export const command: ComposeCommand = {
  usage: '[OPTIONS]',
  flags: FLAGS,
  args: { min: 0, max: 0 },
  async run({ context }, { flags }) {
    const format = flags.string('format');
    if (format !== 'table' && format !== 'json')
      throw new CliError(`unsupported format ${JSON.stringify(format)}; accepted are table and json`);
    const images = await listImages(context.client, { all: false, filters: { label: [TRANSFORMATION_LABEL] } });
    const rows = images.map(({ Id, RepoTags, Size, Created }) => ({
      name: RepoTags?.[0] ?? '<none>',
      id: Id,
      size: Size,
      created: Created,
    }));
    if (flags.bool('quiet')) context.out.write(rows.map(({ name }) => `${name}\n`).join(''));
    else if (format === 'json')
      context.out.write(
        `${JSON.stringify(rows.map(({ name, id, size, created }) => ({ ID: id, Name: name, Size: size, Created: created })))}\n`,
      );
    else {
      const lines = rows.map(({ name, id, size, created }) =>
        [shortId(id), name, humanSize(size, 3), `${humanDuration(Date.now() - created * 1000)} ago`].join('\t'),
      );
      context.out.write(`${alignTabs(['IMAGE ID\tREPO\tSIZE\tCREATED', ...lines].join('\n'))}\n`);
    }
    return 0;
  },
};
