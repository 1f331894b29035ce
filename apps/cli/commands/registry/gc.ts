import { registryCommand } from '../../daemon/locate.ts';
import { passOn } from '../../daemon/pass-on.ts';

/** The registry that serves the root does it, or this one itself where none does. */
export const command = passOn(() => [...registryCommand(), 'gc']);
