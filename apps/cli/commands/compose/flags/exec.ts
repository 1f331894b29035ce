import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose exec`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'detach', short: 'd', type: 'bool', help: 'Detached mode: Run command in the background' },
  { long: 'env', short: 'e', type: 'stringArray', help: 'Set environment variables' },
  { long: 'index', type: 'int', help: 'Index of the container if service has multiple replicas' },
  {
    long: 'interactive',
    short: 'i',
    type: 'bool',
    default: 'true',
    hidden: true,
    help: 'Keep STDIN open even if not attached',
  },
  {
    long: 'no-tty',
    short: 'T',
    type: 'bool',
    help: "Disable pseudo-TTY allocation. By default 'docker compose exec' allocates a TTY.",
  },
  { long: 'privileged', type: 'bool', help: 'Give extended privileges to the process' },
  { long: 'tty', short: 't', type: 'bool', default: 'true', hidden: true, help: 'Allocate a pseudo-TTY' },
  { long: 'user', short: 'u', type: 'string', help: 'Run the command as this user' },
  { long: 'workdir', short: 'w', type: 'string', help: 'Path to workdir directory for this command' },
  { long: 'no-TTY', type: 'bool', sameAs: 'no-tty', hidden: true, help: 'Another spelling of --no-tty' },
];
