import type { FlagSpec } from '../../command.ts';

export const CHECKPOINT_DIR: FlagSpec = {
  long: 'checkpoint-dir',
  type: 'string',
  help: 'Use a custom checkpoint storage directory',
};
