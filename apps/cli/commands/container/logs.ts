import { containerLogs, inspectContainer } from '@berth/client';
import { type Command, exactArgs } from '../../command.ts';
import { readMoment } from '../../moment.ts';
import { containerOutput } from '../../session/output.ts';

const MOMENT = 'timestamp (e.g. "2013-01-02T13:23:37Z") or relative (e.g. "42m" for 42 minutes)';

export const command: Command = {
  usage: '[OPTIONS] CONTAINER',
  flags: [
    { long: 'details', type: 'bool', help: 'Show extra details provided to logs' },
    { long: 'follow', short: 'f', type: 'bool', help: 'Follow log output' },
    { long: 'since', type: 'string', help: `Show logs since ${MOMENT}` },
    {
      long: 'tail',
      short: 'n',
      type: 'string',
      default: 'all',
      help: 'Number of lines to show from the end of the logs',
    },
    { long: 'timestamps', short: 't', type: 'bool', help: 'Show timestamps' },
    { long: 'until', type: 'string', help: `Show logs before a ${MOMENT}` },
  ],
  args: exactArgs(1),
  async run(context, { flags, args }) {
    const { client } = context;
    const [since, until] = [readMoment(flags.string('since'), 'since'), readMoment(flags.string('until'), 'until')];
    const details = await inspectContainer(client, args[0] ?? '');
    const response = await containerLogs(client, details.Id, {
      stdout: true,
      stderr: true,
      follow: flags.bool('follow'),
      timestamps: flags.bool('timestamps'),
      details: flags.bool('details'),
      since,
      until,
      tail: flags.string('tail'),
    });
    const show = containerOutput(context, details.Config.Tty);
    for await (const chunk of response.body) await show(chunk);
    return 0;
  },
};
