import type { FlagSpec } from '../../../command.ts';

/** Flags of `compose viz`, as Docker Compose has them. */
export const FLAGS: readonly FlagSpec[] = [
  { long: 'image', type: 'bool', help: "Include service's image name in output graph" },
  { long: 'indentation-size', type: 'int', default: '1', help: 'Number of tabs or spaces to use for indentation' },
  { long: 'networks', type: 'bool', help: "Include service's attached networks in output graph" },
  { long: 'ports', type: 'bool', help: "Include service's exposed ports in output graph" },
  {
    long: 'spaces',
    type: 'bool',
    help: "If given, space character ' ' will be used to indent, otherwise tab character '\\t' will be used",
  },
];
