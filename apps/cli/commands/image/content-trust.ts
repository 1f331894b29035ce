import { CliError } from '../../cli-error.ts';
import type { FlagSpec } from '../../command.ts';
import type { FlagValues } from '../../flags/values.ts';

/** Docker's flag; only its default can be honoured. */
export function trustFlag(help: string): FlagSpec {
  return { long: 'disable-content-trust', type: 'bool', default: 'true', help };
}

/** Signed images (Docker Content Trust) are not supported, and asking for them must not be overheard. */
export function refuseContentTrust(flags: FlagValues): void {
  if (!flags.bool('disable-content-trust')) {
    throw new CliError('content trust is not supported: --disable-content-trust=false cannot be honoured');
  }
}
