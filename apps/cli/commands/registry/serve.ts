import { registryCommand } from '../../daemon/locate.ts';
import { passOn } from '../../daemon/pass-on.ts';

export const command = passOn(() => [...registryCommand(), 'serve']);
