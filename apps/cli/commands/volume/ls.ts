import { listVolumes } from '@berth/client';
import { type Command, NO_ARGS } from '../../command.ts';
import { checkFilter, readFilters } from '../../flags/filters.ts';
import { LIST_FORMAT_HELP } from '../../flags/format-help.ts';
import { renderVolumeList } from '../../render/volumes.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [
    {
      long: 'cluster',
      type: 'bool',
      help: 'Display only cluster volumes, and use cluster volume list formatting',
    },
    {
      long: 'filter',
      short: 'f',
      type: 'filter',
      help: 'Provide filter values (e.g. "dangling=true")',
      check: checkFilter,
    },
    { long: 'format', type: 'string', help: LIST_FORMAT_HELP },
    { long: 'quiet', short: 'q', type: 'bool', help: 'Only display volume names' },
  ],
  args: NO_ARGS,
  async run(context, { flags }) {
    const { Volumes } = await listVolumes(context.client, readFilters(flags.list('filter')));
    const cluster = flags.bool('cluster');
    const volumes = (Volumes ?? []).filter((volume) => !cluster || volume.ClusterVolume);
    // Docker sorts by name; numbers inside names count as numbers (data2 before data10).
    volumes.sort((a, b) => a.Name.localeCompare(b.Name, 'en', { numeric: true }));
    const style = {
      format: flags.string('format'),
      volumesFormat: context.config.volumesFormat,
      quiet: flags.bool('quiet'),
      cluster,
    };
    context.out.write(await renderVolumeList(volumes, style));
    return 0;
  },
};
