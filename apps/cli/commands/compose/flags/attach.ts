import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose attach`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'detach-keys', type: 'string', help: 'Override the key sequence for detaching from a container.' },
  { long: 'index', type: 'int', help: 'index of the container if service has multiple replicas.' },
  { long: 'no-stdin', type: 'bool', help: 'Do not attach STDIN' },
  { long: 'sig-proxy', type: 'bool', default: 'true', help: 'Proxy all received signals to the process' },
];
