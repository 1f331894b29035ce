import { API_VERSION, engineInfo } from '@berth/client';
import { describeError } from '@berth/kit';
import { CliError } from '../../cli-error.ts';
import { type Command, NO_ARGS } from '../../command.ts';
import { INSPECT_FORMAT_HELP } from '../../flags/format-help.ts';
import { type EngineInfo, showInfo } from '../../render/info.ts';
import { clientOnly, renderInfo } from '../../render/info-format.ts';
import { parseExact } from '../../render/json-text.ts';
import { HUB } from '../registry/server.ts';
import { clientVersion } from './client-version.ts';

export const command: Command = {
  usage: '[OPTIONS]',
  flags: [{ long: 'format', short: 'f', type: 'string', help: INSPECT_FORMAT_HELP }],
  args: NO_ARGS,
  async run(context, { flags }) {
    const format = flags.string('format');
    const client = { Debug: context.debug, ...clientVersion(context, '', API_VERSION), Plugins: [], Warnings: null };
    if (format !== '') {
      const known = await clientOnly(client, format);
      if (known !== undefined) {
        context.out.write(known);
        return 0;
      }
    }
    let engine: EngineInfo | undefined;
    const errors: string[] = [];
    try {
      engine = parseExact(await engineInfo(context.client)) as EngineInfo;
    } catch (error) {
      errors.push(describeError(error));
    }
    client.ApiVersion = context.client.apiVersion;
    if (format !== '') {
      if (errors.length) context.err.write(`${errors.join('\n')}\n`);
      const { text, error } = await renderInfo({ ...engine, ClientInfo: client, ServerErrors: errors }, format);
      context.out.write(text);
      if (error !== undefined) throw new CliError(error);
      return 0;
    }
    const user = userOfHub(context.config.auths?.[HUB]?.auth);
    const { out, err } = showInfo(client, engine, { user, errors, programName: context.programName });
    context.out.write(out);
    if (err !== '') context.err.write(err);
    return errors.length ? 1 : 0;
  },
};

function userOfHub(auth: string | undefined): string {
  return auth === undefined ? '' : (Buffer.from(auth, 'base64').toString('utf8').split(':')[0] ?? '');
}
