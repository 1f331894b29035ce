import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose bridge convert`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  {
    long: 'output',
    short: 'o',
    type: 'string',
    default: 'out',
    help: 'The output directory for the Kubernetes resources',
  },
  { long: 'templates', type: 'string', help: 'Directory containing transformation templates' },
  {
    long: 'transformation',
    short: 't',
    type: 'stringArray',
    help: 'Transformation to apply to compose model (default: docker/compose-bridge-kubernetes)',
  },
];
