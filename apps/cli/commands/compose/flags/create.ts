import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose create`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'build', type: 'bool', help: 'Build images before starting containers' },
  {
    long: 'force-recreate',
    type: 'bool',
    help: "Recreate containers even if their configuration and image haven't changed",
  },
  { long: 'no-build', type: 'bool', help: "Don't build an image, even if it's policy" },
  {
    long: 'no-recreate',
    type: 'bool',
    help: "If containers already exist, don't recreate them. Incompatible with --force-recreate.",
  },
  {
    long: 'pull',
    type: 'string',
    default: 'policy',
    help: 'Pull image before running ("always"|"missing"|"never"|"build")',
  },
  { long: 'quiet-pull', type: 'bool', help: 'Pull without printing progress information' },
  { long: 'remove-orphans', type: 'bool', help: 'Remove containers for services not defined in the Compose file' },
  {
    long: 'scale',
    type: 'stringArray',
    help: 'Scale SERVICE to NUM instances. Overrides the `scale` setting in the Compose file if present.',
  },
  { long: 'yes', short: 'y', type: 'bool', help: 'Assume "yes" as answer to all prompts and run non-interactively' },
  { long: 'y', type: 'bool', sameAs: 'yes', hidden: true, help: 'Another spelling of --yes' },
];
