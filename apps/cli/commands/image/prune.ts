import { pruneImages } from '@berth/client';
import { type Command, NO_ARGS } from '../../command.ts';
import { confirm } from '../../confirm.ts';
import type { Context } from '../../context.ts';
import { checkFilter, readFilters } from '../../flags/filters.ts';
import { humanSize } from '../../render/units.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [
    { long: 'all', short: 'a', type: 'bool', help: 'Remove all unused images, not just dangling ones' },
    { long: 'filter', type: 'filter', help: 'Provide filter values (e.g. "until=<timestamp>")', check: checkFilter },
    { long: 'force', short: 'f', type: 'bool', help: 'Do not prompt for confirmation' },
  ],
  args: NO_ARGS,
  async run(context, { flags }) {
    const all = flags.bool('all');
    const doomed = all ? 'all images without at least one container associated to them' : 'all dangling images';
    if (
      !flags.bool('force') &&
      !confirm(context, `WARNING! This will remove ${doomed}.\nAre you sure you want to continue?`)
    ) {
      return 0; // declined: nothing was asked for
    }
    const { text, space } = await pruneAndReport(
      context,
      all,
      readFilters(flags.list('filter'), context.config.pruneFilters),
    );
    context.out.write(`${text && `${text}\n`}Total reclaimed space: ${humanSize(space)}\n`);
    return 0;
  },
};

/** Prunes and words what was done; for `system prune` as well. */
export async function pruneAndReport(
  context: Context,
  all: boolean,
  filters: Record<string, string[]>,
): Promise<{ text: string; space: number }> {
  const dangling = [...(filters.dangling ?? []), String(!all)];
  const { ImagesDeleted, SpaceReclaimed } = await pruneImages(context.client, { ...filters, dangling });
  if (!ImagesDeleted?.length) return { text: '', space: 0 };
  const lines = ImagesDeleted.map(({ Untagged, Deleted }) =>
    Untagged ? `untagged: ${Untagged}\n` : `deleted: ${Deleted}\n`,
  );
  return { text: `Deleted Images:\n${lines.join('')}`, space: SpaceReclaimed };
}
