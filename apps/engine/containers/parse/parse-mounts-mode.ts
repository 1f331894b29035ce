export const PROPAGATIONS = ['private', 'rprivate', 'slave', 'rslave', 'shared', 'rshared'] as const;
export type Propagation = (typeof PROPAGATIONS)[number];

/** The options of `-v source:target:options`. */
export interface MountMode {
  readOnly: boolean;
  propagation: Propagation | undefined;
  /** False for `nocopy`; undefined when nothing was said. */
  copy: boolean | undefined;
}

const KINDS: Record<string, 'access' | 'label' | 'propagation' | 'copy' | 'consistency'> = {
  ro: 'access',
  rw: 'access',
  z: 'label',
  Z: 'label',
  nocopy: 'copy',
  consistent: 'consistency',
  cached: 'consistency',
  delegated: 'consistency',
  ...Object.fromEntries(PROPAGATIONS.map((name) => [name, 'propagation' as const])),
};

/**
 * Undefined when it is no valid mode: an unknown word, or two of one kind. `z` and `Z` ask for SELinux labels, and the
 * consistency words concern other systems than Linux: both change nothing here, as with Docker without SELinux.
 */
export function parseMountMode(mode: string): MountMode | undefined {
  const parsed: MountMode = { readOnly: false, propagation: undefined, copy: undefined };
  if (mode === '') return parsed;
  const seen = new Set<string>();
  for (const word of mode.split(',')) {
    const kind = Object.hasOwn(KINDS, word) ? KINDS[word] : undefined;
    if (kind === undefined || seen.has(kind)) return undefined;
    seen.add(kind);
    if (word === 'ro') parsed.readOnly = true;
    if (word === 'nocopy') parsed.copy = false;
    if (kind === 'propagation') parsed.propagation = PROPAGATIONS.find((name) => name === word);
  }
  return parsed;
}
