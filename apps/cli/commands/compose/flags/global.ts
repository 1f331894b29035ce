import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'all-resources', type: 'bool', help: 'Include all resources, even those not used by services' },
  {
    long: 'ansi',
    type: 'string',
    default: 'auto',
    help: 'Control when to print ANSI control characters ("never"|"always"|"auto")',
  },
  { long: 'compatibility', type: 'bool', help: 'Run compose in backward compatibility mode' },
  { long: 'dry-run', type: 'bool', help: 'Execute command in dry run mode' },
  { long: 'env-file', type: 'stringArray', help: 'Specify an alternate environment file' },
  { long: 'file', short: 'f', type: 'stringArray', help: 'Compose configuration files' },
  {
    long: 'insecure-registry',
    type: 'stringArray',
    hidden: true,
    help: "Use insecure registry to pull Compose OCI artifacts. Doesn't apply to images",
  },
  { long: 'no-ansi', type: 'bool', hidden: true, help: 'Do not print ANSI control characters (DEPRECATED)' },
  { long: 'parallel', type: 'int', default: '-1', help: 'Control max parallelism, -1 for unlimited' },
  { long: 'profile', type: 'stringArray', help: 'Specify a profile to enable' },
  { long: 'progress', type: 'string', help: 'Set type of progress output (auto, tty, plain, json, quiet)' },
  {
    long: 'project-directory',
    type: 'string',
    help: 'Specify an alternate working directory (default: the path of the, first specified, Compose file)',
  },
  { long: 'project-name', short: 'p', type: 'string', help: 'Project name' },
  { long: 'verbose', type: 'bool', hidden: true, help: 'Show more output' },
  { long: 'version', short: 'v', type: 'bool', hidden: true, help: 'Show the Docker Compose version information' },
  {
    long: 'workdir',
    type: 'string',
    hidden: true,
    help: 'DEPRECATED! USE --project-directory INSTEAD. Specify an alternate working directory (default: the path of the, first specified, Compose file)',
  },
];
