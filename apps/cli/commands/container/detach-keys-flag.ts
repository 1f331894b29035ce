import type { FlagSpec } from '../../command.ts';

/** Of every command that attaches. */
export const DETACH_KEYS: FlagSpec = {
  long: 'detach-keys',
  type: 'string',
  help: 'Override the key sequence for detaching a container',
};
