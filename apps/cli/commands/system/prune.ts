import { pruneContainers, pruneVolumes } from '@berth/client';
import { CliError } from '../../cli-error.ts';
import { type Command, NO_ARGS } from '../../command.ts';
import { confirm } from '../../confirm.ts';
import type { Context } from '../../context.ts';
import { checkFilter, readFilters } from '../../flags/filters.ts';
import type { FlagValues } from '../../flags/values.ts';
import { humanSize } from '../../render/units.ts';
import { pruneAndReport } from '../image/prune.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [
    { long: 'all', short: 'a', type: 'bool', help: 'Remove all unused images not just dangling ones' },
    { long: 'filter', type: 'filter', help: 'Provide filter values (e.g. "label=<key>=<value>")', check: checkFilter },
    { long: 'force', short: 'f', type: 'bool', help: 'Do not prompt for confirmation' },
    { long: 'volumes', type: 'bool', help: 'Prune anonymous volumes' },
  ],
  args: NO_ARGS,
  async run(context, { flags }) {
    const filters = readFilters(flags.list('filter'), context.config.pruneFilters);
    if (flags.bool('volumes') && filters.until) {
      throw new CliError('ERROR: The "until" filter is not supported with "--volumes"');
    }
    if (!flags.bool('force') && !confirm(context, question(flags, filters))) return 0; // declined: nothing was asked for
    await prune(context, flags, filters);
    return 0;
  },
};

type Filters = Record<string, string[]>;

function question(flags: FlagValues, filters: Filters): string {
  const all = flags.bool('all');
  const doomed = [
    'all stopped containers',
    'all networks not used by at least one container',
    ...(flags.bool('volumes') ? ['all anonymous volumes not used by at least one container'] : []),
    all ? 'all images without at least one container associated to them' : 'all dangling images',
    all ? 'all build cache' : 'unused build cache',
  ];
  const list = (lines: string[]) => lines.map((line) => `\n  - ${line}`).join('');
  const named = ['label', 'label!', 'until'].flatMap((name) =>
    (filters[name] ?? []).map((value) => `${name}=${value}`),
  );
  const filtered = named.length ? `\n  Items to be pruned will be filtered with:${list(named.sort())}\n` : '';
  return `WARNING! This will remove:${list(doomed)}\n${filtered}\nAre you sure you want to continue?`;
}

/** In an order in which each step frees what the next may remove. */
async function prune(context: Context, flags: FlagValues, filters: Filters): Promise<void> {
  const all = flags.bool('all');
  let total = 0;
  const report = (title: string, names: string[] | null | undefined, space = 0) => {
    total += space;
    if (names?.length) context.out.write(`${title}:\n${names.map((name) => `${name}\n`).join('')}\n`);
  };
  const containers = await pruneContainers(context.client, filters);
  report('Deleted Containers', containers.ContainersDeleted, containers.SpaceReclaimed);
  const networks = await post<{ NetworksDeleted?: string[] | null }>(context, '/networks/prune', filters);
  report('Deleted Networks', networks.NetworksDeleted);
  if (flags.bool('volumes')) {
    const volumes = await pruneVolumes(context.client, filters);
    report('Deleted Volumes', volumes.VolumesDeleted, volumes.SpaceReclaimed);
  }
  const images = await pruneAndReport(context, all, filters);
  total += images.space;
  if (images.text) context.out.write(`${images.text}\n`);
  const cache = await post<{ CachesDeleted?: string[] | null } & Space>(context, '/build/prune', filters, { all });
  report('Deleted build cache objects', cache.CachesDeleted, cache.SpaceReclaimed);
  context.out.write(`Total reclaimed space: ${humanSize(total)}\n`);
}

interface Space {
  SpaceReclaimed?: number;
}

function post<T>(context: Context, path: string, filters: Filters, query: { all?: boolean } = {}): Promise<T> {
  return context.client.json('POST', path, {
    query: { ...query, ...(Object.keys(filters).length > 0 && { filters }) },
  });
}
