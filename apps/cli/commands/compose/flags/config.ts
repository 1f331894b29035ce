import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose config`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'environment', type: 'bool', help: 'Print environment used for interpolation.' },
  { long: 'format', type: 'string', help: 'Format the output. Values: [yaml | json]' },
  { long: 'hash', type: 'string', help: 'Print the service config hash, one per line.' },
  { long: 'images', type: 'bool', help: 'Print the image names, one per line.' },
  { long: 'lock-image-digests', type: 'bool', help: 'Produces an override file with image digests' },
  { long: 'models', type: 'bool', help: 'Print the model names, one per line.' },
  { long: 'networks', type: 'bool', help: 'Print the network names, one per line.' },
  {
    long: 'no-consistency',
    type: 'bool',
    help: "Don't check model consistency - warning: may produce invalid Compose output",
  },
  { long: 'no-env-resolution', type: 'bool', help: "Don't resolve service env files" },
  { long: 'no-interpolate', type: 'bool', help: "Don't interpolate environment variables" },
  { long: 'no-normalize', type: 'bool', help: "Don't normalize compose model" },
  { long: 'no-path-resolution', type: 'bool', help: "Don't resolve file paths" },
  { long: 'output', short: 'o', type: 'string', help: 'Save to file (default to stdout)' },
  { long: 'profiles', type: 'bool', help: 'Print the profile names, one per line.' },
  { long: 'quiet', short: 'q', type: 'bool', help: "Only validate the configuration, don't print anything" },
  { long: 'resolve-image-digests', type: 'bool', help: 'Pin image tags to digests' },
  { long: 'services', type: 'bool', help: 'Print the service names, one per line.' },
  { long: 'variables', type: 'bool', help: 'Print model variables and default values.' },
  { long: 'volumes', type: 'bool', help: 'Print the volume names, one per line.' },
];
