import { COMPOSE_VERSION } from '@berth/compose';
import { CliError } from '../../cli-error.ts';
import type { ComposeCommand } from './compose.ts';
import { FLAGS } from './flags/version.ts';

/** Docker Compose's releases whose commands and texts this follows: today's, and the one that docker-compose is. */
const FOLLOWED = { current: 'v5.5.0', classic: '1.29.2' };

export const command: ComposeCommand = {
  usage: '[OPTIONS]',
  flags: FLAGS,
  args: { min: 0, max: 0 },
  async run({ context, classic }, { flags }) {
    const followed = FOLLOWED[classic ? 'classic' : 'current'];
    const format = flags.string('format');
    if (!['', 'pretty', 'json'].includes(format))
      throw new CliError(`unsupported format ${JSON.stringify(format)}; accepted are pretty and json`);
    if (flags.bool('short')) context.out.write(`${followed.replace(/^v/, '')}\n`);
    else if (format === 'json') context.out.write(`${JSON.stringify({ version: followed })}\n`);
    else if (classic) context.out.write(`docker-compose version ${followed}, build berth-${COMPOSE_VERSION}\n`);
    else context.out.write(`Docker Compose version ${followed}, build berth-${COMPOSE_VERSION}\n`);
    return 0;
  },
};
