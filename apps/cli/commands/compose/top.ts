import { topContainer } from '@berth/client';
import { classicTable } from '../../render/classic-table.ts';
import { alignTabs } from '../../render/tabwriter.ts';
import type { ComposeCommand } from './compose.ts';
import { FLAGS } from './flags/top.ts';
import { selectContainers } from './select.ts';

export const command: ComposeCommand = {
  usage: '[SERVICES...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, { args }) {
    const { out } = compose.context;
    const { containers } = await selectContainers(compose, args);
    const running = containers.filter(({ state }) => state === 'running');
    const tops = await Promise.all(
      running.map(async (seen) => ({ seen, ...(await topContainer(compose.context.client, seen.id, '')) })),
    );
    if (compose.classic) {
      for (const { seen, Titles, Processes } of tops)
        out.write(`${seen.name}\n${classicTable(Titles, Processes ?? [], out.size()?.columns ?? 999)}\n`);
      return 0;
    }
    if (tops.length === 0) return 0;
    const titles = [...new Set(tops.flatMap(({ Titles }) => Titles))];
    const rows = tops.flatMap(({ seen, Titles, Processes }) =>
      (Processes ?? []).map((cells) => [
        seen.service,
        String(seen.number),
        ...titles.map((title) => cells[Titles.indexOf(title)] ?? '-'),
      ]),
    );
    out.write(`${alignTabs([['SERVICE', '#', ...titles], ...rows].map((row) => row.join('\t')).join('\n'))}\n`);
    return 0;
  },
};
