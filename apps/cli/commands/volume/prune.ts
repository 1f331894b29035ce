import { pruneVolumes } from '@berth/client';
import { CliError } from '../../cli-error.ts';
import { type Command, NO_ARGS } from '../../command.ts';
import { confirm } from '../../confirm.ts';
import { checkFilter, readFilters } from '../../flags/filters.ts';
import { humanSize } from '../../render/units.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [
    { long: 'all', short: 'a', type: 'bool', help: 'Remove all unused volumes, not just anonymous ones' },
    { long: 'filter', type: 'filter', help: 'Provide filter values (e.g. "label=<label>")', check: checkFilter },
    { long: 'force', short: 'f', type: 'bool', help: 'Do not prompt for confirmation' },
  ],
  args: NO_ARGS,
  async run(context, { flags }) {
    const all = flags.bool('all');
    const filters = readFilters(flags.list('filter'), context.config.pruneFilters);
    if (all && filters['all']) {
      throw new CliError('conflicting options: cannot specify both --all and --filter all=1');
    }
    if (all) filters['all'] = ['true'];
    const doomed = `${all ? 'all' : 'anonymous'} local volumes not used by at least one container`;
    const question = `WARNING! This will remove ${doomed}.\nAre you sure you want to continue?`;
    if (!flags.bool('force') && !confirm(context, question)) return 0; // declined: nothing was asked for
    const { VolumesDeleted: deleted, SpaceReclaimed: space } = await pruneVolumes(context.client, filters);
    if (deleted?.length) context.out.write(`Deleted Volumes:\n${deleted.map((name) => `${name}\n`).join('')}\n`);
    context.out.write(`Total reclaimed space: ${humanSize(space)}\n`);
    return 0;
  },
};
