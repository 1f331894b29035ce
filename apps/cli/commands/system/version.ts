import { API_VERSION, engineVersion } from '@berth/client';
import { describeError } from '@berth/kit';
import { type Command, NO_ARGS } from '../../command.ts';
import { INSPECT_FORMAT_HELP } from '../../flags/format-help.ts';
import { checkVersionFormat, renderVersion, type VersionInfo } from '../../render/version.ts';
import { clientVersion } from './client-version.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [{ long: 'format', short: 'f', type: 'string', help: INSPECT_FORMAT_HELP }],
  args: NO_ARGS,
  async run(context, { flags }) {
    const format = flags.string('format');
    await checkVersionFormat(format);
    let server: VersionInfo['Server'] = null;
    let failure = '';
    try {
      server = await engineVersion(context.client);
    } catch (error) {
      failure = describeError(error);
    }
    const client = clientVersion(context, context.client.apiVersion, API_VERSION);
    // The client's own part is shown also when no engine answers.
    const { text, error } = await renderVersion({ Client: client, Server: server }, format);
    context.out.write(text);
    if (failure === '' && error === undefined) return 0;
    context.err.write(`${failure || error}\n`);
    return 1;
  },
};
