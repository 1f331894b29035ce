import { type ContainerSummary, listContainers } from '@berth/client';
import { LABEL } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import { alignTabs } from '../../render/tabwriter.ts';
import type { ComposeCommand } from './compose.ts';
import { FLAGS } from './flags/ls.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS]',
  flags: FLAGS,
  args: { min: 0, max: 0 },
  async run(compose, { flags }) {
    const names = flags.list('filter').map(readFilter);
    const found = await listContainers(compose.context.client, {
      all: flags.bool('all'),
      limit: 0,
      size: false,
      filters: { label: [LABEL.project] },
    });
    const all = projects(found).filter(({ name }) => names.every((pattern) => pattern.test(name)));
    const format = flags.string('format');
    if (format !== 'table' && format !== 'json')
      throw new CliError(`unsupported format ${JSON.stringify(format)}; accepted are table and json`);
    const text = flags.bool('quiet')
      ? all.map(({ name }) => `${name}\n`).join('')
      : format === 'json'
        ? `${JSON.stringify(all.map(({ name, status, files }) => ({ Name: name, Status: status, ConfigFiles: files })))}\n`
        : `${alignTabs(['NAME\tSTATUS\tCONFIG FILES', ...all.map(({ name, status, files }) => `${name}\t${status}\t${files}`)].join('\n'))}\n`;
    compose.context.out.write(text);
    return 0;
  },
};

/** `name=REGULAR EXPRESSION` */
function readFilter(text: string): RegExp {
  const [, pattern] = /^name=(.*)$/.exec(text) ?? [];
  if (pattern === undefined) throw new CliError(`unknown filter ${JSON.stringify(text)}; accepted is name=PATTERN`);
  try {
    return new RegExp(pattern);
  } catch {
    throw new CliError(`the filter ${JSON.stringify(pattern)} is not a regular expression`);
  }
}

function projects(containers: readonly ContainerSummary[]): { name: string; status: string; files: string }[] {
  const byName = new Map<string, ContainerSummary[]>();
  for (const container of containers) {
    const labels = container.Labels ?? {};
    if (labels[LABEL.oneOff] === 'True') continue;
    const name = labels[LABEL.project] ?? '';
    byName.set(name, [...(byName.get(name) ?? []), container]);
  }
  return [...byName]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, own]) => ({
      name,
      status: status(own),
      files: [...new Set(own.map(({ Labels }) => Labels?.[LABEL.configFiles] ?? 'N/A'))].join(','),
    }));
}

/** `running(2), exited(1)` */
function status(containers: readonly ContainerSummary[]): string {
  const counts = new Map<string, number>();
  for (const { State } of containers) counts.set(State, (counts.get(State) ?? 0) + 1);
  return [...counts]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([state, count]) => `${state}(${count})`)
    .join(', ');
}
