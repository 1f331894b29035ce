import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose publish`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'app', type: 'bool', help: 'Published compose application (includes referenced images)' },
  { long: 'insecure-registry', type: 'bool', hidden: true, help: 'Use insecure registry' },
  {
    long: 'oci-version',
    type: 'string',
    help: 'OCI image/artifact specification version (automatically determined by default)',
  },
  { long: 'resolve-image-digests', type: 'bool', help: 'Pin image tags to digests' },
  { long: 'with-env', type: 'bool', help: 'Include environment variables in the published OCI artifact' },
  { long: 'yes', short: 'y', type: 'bool', help: 'Assume "yes" as answer to all prompts' },
  { long: 'y', type: 'bool', sameAs: 'yes', hidden: true, help: 'Another spelling of --yes' },
];
