import { engineEvents, jsonLines, listContainers } from '@berth/client';
import { BerthError, describeError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import type { Command } from '../../command.ts';
import type { Context } from '../../context.ts';
import { LIST_FORMAT_HELP } from '../../flags/format-help.ts';
import { renderStats } from '../../render/stats.ts';
import { shortId } from '../../render/text.ts';
import { StatsBoard } from '../../stats-board.ts';

/** Time between two pictures. */
const REFRESH_MS = 500;

export const command: Command = {
  usage: '[OPTIONS] [CONTAINER...]',
  flags: [
    { long: 'all', short: 'a', type: 'bool', help: 'Show all containers (default shows just running)' },
    { long: 'format', type: 'string', help: LIST_FORMAT_HELP },
    { long: 'no-stream', type: 'bool', help: 'Disable streaming stats and only pull the first result' },
    { long: 'no-trunc', type: 'bool', help: 'Do not truncate output' },
  ],
  args: { min: 0, max: Number.POSITIVE_INFINITY },
  async run(context, { flags, args }) {
    const style = {
      format: flags.string('format') || (context.config.statsFormat ?? ''),
      noTrunc: flags.bool('no-trunc'),
    };
    await renderStats([{ container: '', seen: undefined }], style); // finds mistakes in the format before anything is asked
    const live = !flags.bool('no-stream');
    const board = new StatsBoard(context.client, live);
    const all = flags.bool('all');
    try {
      if (args.length > 0) for (const name of args) board.add(name, name);
      else {
        if (live) await follow(context, board, all);
        for (const { Id } of await listContainers(context.client, { all, limit: -1, size: false, filters: {} }))
          board.add(Id, shortId(Id));
      }
      await board.firstLook();
      if (args.length > 0) refuseUnknown(board);
      if (!live) {
        context.out.write(await renderStats(board.rows(), style));
        return 0;
      }
      return await show(context, board, style, args.length > 0);
    } finally {
      board.close();
    }
  },
};

/** Draws until the user ends it, the engine goes, or nothing is left of what was named. */
async function show(
  context: Context,
  board: StatsBoard,
  style: { format: string; noTrunc: boolean },
  named: boolean,
): Promise<number> {
  for (;;) {
    const text = await renderStats(board.rows(), style);
    context.out.write(context.out.isTerminal ? redraw(text) : text);
    await context.out.drain();
    if (named && board.size === 0) return 0;
    if (board.failure) throw board.failure;
    await new Promise((next) => setTimeout(next, REFRESH_MS));
  }
}

/** From the top left, each line cleared to its end, and what was below. */
function redraw(text: string): string {
  return `\x1b[H${text.replaceAll('\n', '\x1b[K\n')}\x1b[J`;
}

function refuseUnknown(board: StatsBoard): void {
  const errors = board.errors().map(describeError);
  if (errors.length > 0) throw new CliError(errors.join('\n'));
}

/** Keeps the board as the engine's containers come and go. Resolves when events arrive. */
async function follow(context: Context, board: StatsBoard, all: boolean): Promise<void> {
  const filters = { type: ['container'], event: ['start', 'die', 'create', 'destroy'] };
  const response = await engineEvents(context.client, { since: '', until: '', filters, signal: board.signal });
  void (async () => {
    try {
      for await (const { Action, Actor } of jsonLines<{ Action: string; Actor: { ID: string } }>(response)) {
        if (Action === 'start' || (all && Action === 'create')) board.add(Actor.ID, shortId(Actor.ID));
        else if (Action === 'destroy' || (!all && Action === 'die')) board.remove(Actor.ID);
      }
      board.fail(new BerthError('unavailable', 'the engine ended the stream of events'));
    } catch (error) {
      board.fail(error);
    }
  })();
}
