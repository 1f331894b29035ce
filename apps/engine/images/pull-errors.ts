import { BerthError } from '@berth/kit';
import { familiarName, familiarString, type Reference, registryCodeOf } from '@berth/oci';

/** Docker's words for what a registry said about a pull. */
export function translatePullError(error: unknown, reference: Reference): unknown {
  if (!(error instanceof BerthError)) return error;
  const options = { cause: error, details: error.details ?? {} };
  switch (registryCodeOf(error)) {
    case 'DENIED':
      return new BerthError(
        'not-found',
        `pull access denied for ${familiarName(reference)}, repository does not exist or may require 'docker login': ${error.message}`,
        options,
      );
    case 'MANIFEST_UNKNOWN':
      return new BerthError(
        'not-found',
        `manifest for ${familiarString(reference)} not found: ${error.message}`,
        options,
      );
    case 'NAME_UNKNOWN':
      return new BerthError('not-found', `repository ${familiarName(reference)} not found: ${error.message}`, options);
    default:
      return error;
  }
}
