import { diagnoseNetwork } from '@berth/client';
import { type Command, exactArgs } from '../../command.ts';

export const command: Command = {
  usage: 'CONTAINER HOST[:PORT]',
  description:
    'Follow a lookup and a connection from a container hop by hop, and say where it ends and why.\n' +
    'The exit code is 0 when the whole way is open.',
  flags: [{ long: 'json', type: 'bool', help: 'Print what was found as JSON' }],
  args: exactArgs(2),
  async run(context, { flags, args: [container = '', target = ''] }) {
    const report = await diagnoseNetwork(context.client, container, target);
    if (flags.bool('json')) context.out.write(`${JSON.stringify(report)}\n`);
    else {
      for (const { Step, Ok, Says, Hint } of report.Steps) {
        context.out.write(`${Ok ? 'ok  ' : 'no  '}${Step.padEnd(10)} ${Says}\n`);
        if (Hint) context.out.write(`${' '.repeat(15)}${Hint}\n`);
      }
    }
    return report.Ok ? 0 : 1;
  },
};
