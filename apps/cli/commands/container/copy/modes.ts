import { CliError } from '../../../cli-error.ts';

/** Bits of Go's os.FileMode; above 2^30 they are negative in 32-bit arithmetic, which does not matter to `&`. */
export const GO_DIRECTORY = 2 ** 31;
export const GO_LINK = 2 ** 27;
const GO_DEVICE = 2 ** 26;
const GO_IRREGULAR = 2 ** 19;

/** Refuses devices as destination of a copy. Throws CliError `SENTENCE: got a device`. */
export function checkDestinationMode(mode: number, sentence: string): void {
  if (mode & GO_DEVICE) throw new CliError(`${sentence}: got a device`);
  if (mode & GO_IRREGULAR) throw new CliError(`${sentence}: got an irregular file`);
}
