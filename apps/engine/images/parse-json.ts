import { BerthError } from '@berth/kit';

/** A document of an image archive. Errors: invalid. */
export function parseJson(bytes: Buffer, name: string): unknown {
  try {
    return JSON.parse(bytes.toString());
  } catch (cause) {
    throw new BerthError('invalid', `invalid image archive: ${name} is not JSON`, { cause });
  }
}
