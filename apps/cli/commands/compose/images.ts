import { inspectImage } from '@berth/client';
import { isBerthError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import { classicTable } from '../../render/classic-table.ts';
import { alignTabs } from '../../render/tabwriter.ts';
import { shortId } from '../../render/text.ts';
import { humanDuration, humanSize } from '../../render/units.ts';
import type { Compose, ComposeCommand } from './compose.ts';
import { FLAGS } from './flags/images.ts';
import { selectContainers } from './select.ts';

interface Row {
  container: string;
  repository: string;
  tag: string;
  platform: string;
  id: string;
  size: number;
  created: string;
  /** When it was last given a name here; '' for never. */
  tagged: string;
}

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, { flags, args }) {
    const { out } = compose.context;
    const { containers } = await selectContainers(compose, args);
    const rows = await Promise.all(
      containers.map(({ name, imageId, summary }) => imageRow(compose, name, imageId, summary.Image)),
    );
    const format = flags.string('format');
    if (format !== 'table' && format !== 'json')
      throw new CliError(`unsupported format ${JSON.stringify(format)}; accepted are table and json`);
    if (flags.bool('quiet')) out.write([...new Set(rows.map(({ id }) => `${id.replace(/^sha256:/, '')}\n`))].join(''));
    else if (format === 'json') out.write(`${JSON.stringify(rows.map(jsonRow))}\n`);
    else out.write(table(compose, rows));
    return 0;
  },
};

async function imageRow(compose: Compose, container: string, id: string, reference: string): Promise<Row> {
  const [, name = reference, tag = 'latest'] = /^(.*?)(?::([\w.-]+))?(?:@.*)?$/.exec(reference) ?? [];
  const row = { container, repository: name, tag, platform: '', id, size: 0, created: '', tagged: '' };
  try {
    const image = JSON.parse(await inspectImage(compose.context.client, id)) as {
      Size: number;
      Created?: string;
      Os?: string;
      Architecture?: string;
      Variant?: string;
      Metadata?: { LastTagTime?: string };
    };
    const platform = [image.Os, image.Architecture, image.Variant].filter(Boolean).join('/');
    const tagged = image.Metadata?.LastTagTime ?? '';
    return {
      ...row,
      size: image.Size,
      created: image.Created ?? '',
      tagged: tagged.startsWith('0001') ? '' : tagged,
      platform,
    };
  } catch (error) {
    if (isBerthError(error, 'not-found')) return row;
    throw error;
  }
}

function jsonRow(row: Row): object {
  return {
    ID: row.id,
    ContainerName: row.container,
    Repository: row.repository,
    Tag: row.tag,
    Platform: row.platform,
    Size: row.size,
    ...(row.created && { Created: row.created }),
    ...(row.tagged && { LastTagTime: row.tagged }),
    Created: row.created,
  };
}

function table({ classic, context }: Compose, rows: readonly Row[]): string {
  if (classic)
    return classicTable(
      ['Container', 'Repository', 'Tag', 'Image Id', 'Size'],
      rows.map((row) => [row.container, row.repository, row.tag, shortId(row.id), humanSize(row.size, 4)]),
      context.out.size()?.columns ?? 999,
    );
  const cells = rows.map((row) => {
    const age = row.created ? `${humanDuration(Date.now() - Date.parse(row.created))} ago` : 'N/A';
    return [row.container, row.repository, row.tag, row.platform, shortId(row.id), humanSize(row.size, 3), age].join(
      '\t',
    );
  });
  return `${alignTabs([['CONTAINER', 'REPOSITORY', 'TAG', 'PLATFORM', 'IMAGE ID', 'SIZE', 'CREATED'].join('\t'), ...cells].join('\n'))}\n`;
}
