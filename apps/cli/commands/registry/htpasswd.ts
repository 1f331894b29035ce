import { registryCommand } from '../../daemon/locate.ts';
import { passOn } from '../../daemon/pass-on.ts';

/** The registry knows what a user looks like in its file. */
export const command = passOn(() => [...registryCommand(), 'htpasswd'], '--user NAME [OPTIONS]');
