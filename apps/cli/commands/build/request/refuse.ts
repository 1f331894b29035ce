import { CliError } from '../../../cli-error.ts';
import type { FlagValues } from '../../../flags/values.ts';
import { readAttributes } from './attributes.ts';

/** Flags of Docker's clients that nothing here can honour are refused, unless they ask for what is so anyway. */
export function refuseUnsupported(flags: FlagValues): void {
  for (const name of ['annotation', 'policy'])
    if (flags.list(name).length > 0) throw new CliError(`--${name} is not supported by Berth`);
  for (const name of ['provenance', 'sbom'])
    if (flags.changed(name) && !isOff(flags.string(name)))
      throw new CliError(`--${name}=${flags.string(name)} is not supported by Berth: it makes no attestations`);
  for (const text of flags.list('attest')) {
    const { type = '', disabled = 'false' } = readAttributes(text, 'attest');
    if (isOff(disabled))
      throw new CliError(`--attest type=${type} is not supported by Berth: it makes no attestations`);
  }
  const builder = flags.string('builder');
  if (builder !== '' && builder !== 'default') throw new CliError(`no builder ${JSON.stringify(builder)} found`);
}

const isOff = (text: string) => /^(?:0|f|false)$/i.test(text);
