import { containerLogs, inspectContainer } from '@berth/client';
import { type SeenContainer, shortName } from '@berth/compose';
import { readMoment } from '../../moment.ts';
import type { Compose, ComposeCommand } from './compose.ts';
import { FLAGS } from './flags/logs.ts';
import { followRestarts } from './follow.ts';
import { type EngineTimes, LogPrinter } from './log-printer.ts';
import { selectContainers } from './select.ts';

export const command: ComposeCommand = {
  usage: '[OPTIONS] [SERVICE...]',
  flags: FLAGS,
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(compose, { flags, args }) {
    const { project, containers } = await selectContainers(compose, args, { declared: true });
    const index = flags.number('index');
    const shown = index > 0 ? containers.filter(({ number }) => number === index) : containers;
    const nameOf = (name: string) => shortName(name, project.name);
    const names = shown.map(({ name }) => nameOf(name));
    const printer = new LogPrinter(compose, {
      width: widthOf(compose, names),
      prefix: !flags.bool('no-log-prefix'),
      color: !flags.bool('no-color') && compose.ansi.out,
    });
    if (compose.classic && shown.length) compose.context.out.write(`Attaching to ${names.join(', ')}\n`);
    const options = {
      follow: flags.bool('follow'),
      timestamps: flags.bool('timestamps'),
      since: readMoment(flags.string('since'), 'since'),
      until: readMoment(flags.string('until'), 'until'),
      tail: flags.string('tail'),
    };
    const show = (container: Pick<SeenContainer, 'id' | 'name'>, since = options.since) =>
      showLogs(compose, printer, container.id, nameOf(container.name), { ...options, since });
    if (!options.follow) await Promise.all(shown.map((container) => show(container)));
    else await followRestarts(compose, project.name, shown, args, show);
    return 0;
  },
};

/** docker-compose leaves room for a number of three digits. */
export function widthOf({ classic }: Compose, names: readonly string[]): number {
  const widest = Math.max(0, ...names.map((name) => name.length));
  if (!classic) return widest;
  const services = names.map((name) => name.replace(/_\d+$/, '').length);
  return Math.max(0, ...services.map((length) => length + (names.some((name) => /_\d+$/.test(name)) ? 3 : 0)), 0);
}

interface ShowOptions {
  follow: boolean;
  timestamps: boolean;
  since: string;
  until: string;
  tail: string;
}

/** Prints the logs of one container to their end; `times` needs timestamps. */
export async function showLogs(
  compose: Compose,
  printer: LogPrinter,
  id: string,
  name: string,
  options: ShowOptions,
  times?: EngineTimes,
): Promise<void> {
  const { client } = compose.context;
  const details = await inspectContainer(client, id);
  const response = await containerLogs(client, id, { stdout: true, stderr: true, details: false, ...options });
  const source = printer.source(name, details.Config.Tty, times);
  for await (const chunk of response.body) await source.push(chunk);
  source.end();
}
