import { describeError } from '@berth/kit';
import { atLeastArgs, type Command } from '../../command.ts';
import { namedManifest, noSuchManifest, openLocalLists } from './local-lists.ts';

export const command: Command = {
  usage: 'MANIFEST_LIST [MANIFEST_LIST...]',
  flags: [],
  args: atLeastArgs(1),
  async run(context, { args }) {
    const lists = openLocalLists(context.configDir);
    const errors: string[] = [];
    for (const name of args) {
      try {
        const list = namedManifest(name);
        if (lists.list(list) === undefined) throw noSuchManifest(list);
        lists.remove(list);
      } catch (error) {
        errors.push(describeError(error));
      }
    }
    if (errors.length > 0) context.err.write(`${errors.join('\n')}\n`);
    return errors.length > 0 ? 1 : 0;
  },
};
