import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose up`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  {
    long: 'abort-on-container-exit',
    type: 'bool',
    help: 'Stops all containers if any container was stopped. Incompatible with -d',
  },
  {
    long: 'abort-on-container-failure',
    type: 'bool',
    help: 'Stops all containers if any container exited with failure. Incompatible with -d',
  },
  {
    long: 'always-recreate-deps',
    type: 'bool',
    help: 'Recreate dependent containers. Incompatible with --no-recreate.',
  },
  {
    long: 'attach',
    type: 'stringArray',
    help: 'Restrict attaching to the specified services. Incompatible with --attach-dependencies.',
  },
  { long: 'attach-dependencies', type: 'bool', help: 'Automatically attach to log output of dependent services' },
  { long: 'build', type: 'bool', help: 'Build images before starting containers' },
  { long: 'detach', short: 'd', type: 'bool', help: 'Detached mode: Run containers in the background' },
  {
    long: 'exit-code-from',
    type: 'string',
    help: 'Return the exit code of the selected service container. Implies --abort-on-container-exit',
  },
  {
    long: 'force-recreate',
    type: 'bool',
    help: "Recreate containers even if their configuration and image haven't changed",
  },
  {
    long: 'menu',
    type: 'bool',
    help: 'Enable interactive shortcuts when running attached. Incompatible with --detach. Can also be enable/disable by setting COMPOSE_MENU environment var.',
  },
  { long: 'no-attach', type: 'stringArray', help: 'Do not attach (stream logs) to the specified services' },
  { long: 'no-build', type: 'bool', help: "Don't build an image, even if it's policy" },
  { long: 'no-color', type: 'bool', help: 'Produce monochrome output' },
  { long: 'no-deps', type: 'bool', help: "Don't start linked services" },
  { long: 'no-log-prefix', type: 'bool', help: "Don't print prefix in logs" },
  {
    long: 'no-recreate',
    type: 'bool',
    help: "If containers already exist, don't recreate them. Incompatible with --force-recreate.",
  },
  { long: 'no-start', type: 'bool', help: "Don't start the services after creating them" },
  { long: 'pull', type: 'string', default: 'policy', help: 'Pull image before running ("always"|"missing"|"never")' },
  { long: 'quiet-build', type: 'bool', help: 'Suppress the build output' },
  { long: 'quiet-pull', type: 'bool', help: 'Pull without printing progress information' },
  { long: 'remove-orphans', type: 'bool', help: 'Remove containers for services not defined in the Compose file' },
  {
    long: 'renew-anon-volumes',
    short: 'V',
    type: 'bool',
    help: 'Recreate anonymous volumes instead of retrieving data from the previous containers',
  },
  {
    long: 'scale',
    type: 'stringArray',
    help: 'Scale SERVICE to NUM instances. Overrides the `scale` setting in the Compose file if present.',
  },
  {
    long: 'timeout',
    short: 't',
    type: 'int',
    help: 'Use this timeout in seconds for container shutdown when attached or when containers are already running',
  },
  { long: 'timestamps', type: 'bool', help: 'Show timestamps' },
  { long: 'wait', type: 'bool', help: 'Wait for services to be running|healthy. Implies detached mode.' },
  {
    long: 'wait-timeout',
    type: 'int',
    help: 'Maximum duration in seconds to wait for the project to be running|healthy',
  },
  {
    long: 'watch',
    short: 'w',
    type: 'bool',
    help: 'Watch source code and rebuild/refresh containers when files are updated.',
  },
  { long: 'yes', short: 'y', type: 'bool', help: 'Assume "yes" as answer to all prompts and run non-interactively' },
  { long: 'y', type: 'bool', sameAs: 'yes', hidden: true, help: 'Another spelling of --yes' },
];
