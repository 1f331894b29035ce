import { openBuildSession } from '@berth/client';
import type { BuildSessionBody } from '@berth/contract';
import { isBerthError } from '@berth/kit';
import { CliError } from '../../../cli-error.ts';
import type { Context } from '../../../context.ts';
import type { FlagValues } from '../../../flags/values.ts';
import { readAttributes } from './attributes.ts';
import { readSecrets } from './secrets.ts';
import type { SshAgents } from './ssh.ts';

/** What of the flags only a session can say. */
export function sessionBody(
  flags: FlagValues,
  context: Pick<Context, 'env'>,
  agents: Pick<SshAgents, 'ids'>,
): BuildSessionBody {
  const secrets = readSecrets(flags.list('secret'), context);
  const attributed = (name: string) =>
    flags
      .list(name)
      .filter((text) => text.includes('='))
      .map((text) => readAttributes(text, name));
  const cacheTo = [
    ...attributed('cache-to'),
    ...flags
      .list('cache-to')
      .filter((text) => !text.includes('='))
      .map((ref) => ({ type: 'registry', ref })),
  ];
  const cacheFrom = attributed('cache-from');
  const filter = flags.list('no-cache-filter').flatMap((text) => text.split(','));
  const allow = flags.list('allow').flatMap((text) => text.split(','));
  return {
    ...(Object.keys(secrets).length && { secrets }),
    ...(agents.ids.length && { ssh: agents.ids }),
    ...(filter.length && { noCacheFilter: filter }),
    ...(cacheTo.length && { cacheTo }),
    ...(cacheFrom.length && { cacheFrom }),
    ...(allow.length && { allow }),
  };
}

/** Names of members for people, where another engine is asked for what it has not. */
const FLAGS: Readonly<Record<keyof BuildSessionBody, string>> = {
  allow: '--allow',
  cacheFrom: '--cache-from with attributes',
  cacheTo: '--cache-to',
  context: '',
  dockerfile: '',
  namedContexts: '--build-context',
  noCacheFilter: '--no-cache-filter',
  progress: '',
  secrets: '--secret',
  ssh: '--ssh',
  untagged: '',
};

/** Opens a session; undefined where the engine is another and nothing is lost by it. Throws CliError where something is. */
export async function openSession(
  context: Pick<Context, 'client' | 'host'>,
  body: BuildSessionBody,
  { explain }: { explain: boolean },
): Promise<string | undefined> {
  try {
    return await openBuildSession(context.client, body);
  } catch (error) {
    if (!isBerthError(error, 'not-found')) throw error;
    const lost = Object.entries(FLAGS).find(([key, flag]) => flag !== '' && key in body);
    const name = lost?.[1] ?? (explain ? '--explain' : undefined);
    if (name !== undefined)
      throw new CliError(`${name} needs an engine of Berth; the one at ${context.host} is another`);
    return undefined;
  }
}
