import { CliError } from '../../cli-error.ts';
import type { FlagSpec } from '../../command.ts';
import type { Context } from '../../context.ts';
import type { FlagValues } from '../../flags/values.ts';

/** Docker's flag; only its default can be honoured. */
export function trustFlag(help: string): FlagSpec {
  return { long: 'disable-content-trust', type: 'bool', default: 'true', help };
}

/**
 * Signed images (Docker Content Trust) are not supported, and asking for them, by flag or by DOCKER_CONTENT_TRUST, must
 * not be overheard.
 */
export function refuseContentTrust(flags: FlagValues, { env }: Pick<Context, 'env'>): void {
  if (flags.changed('disable-content-trust')) {
    if (flags.bool('disable-content-trust')) return;
    throw new CliError('content trust is not supported: --disable-content-trust=false cannot be honoured');
  }
  const wanted = env.DOCKER_CONTENT_TRUST ?? '';
  if (/^(|0|f|F|FALSE|false|False)$/.test(wanted)) return;
  throw new CliError(`content trust is not supported: DOCKER_CONTENT_TRUST=${wanted} cannot be honoured`);
}
