import type { FlagSpec } from '../../command.ts';
import type { FlagValues } from '../../flags/values.ts';
import { readPairs } from '../container/options/environment.ts';

/** Flags of `volume create` for volumes of a swarm. */
export const CLUSTER_FLAGS = {
  availability: {
    long: 'availability',
    type: 'string',
    default: 'active',
    help: 'Cluster Volume availability ("active", "pause", "drain")',
  },
  group: { long: 'group', type: 'string', help: 'Cluster Volume group (cluster volumes)' },
  limitBytes: { long: 'limit-bytes', type: 'bytes', help: 'Minimum size of the Cluster Volume in bytes' },
  requiredBytes: { long: 'required-bytes', type: 'bytes', help: 'Maximum size of the Cluster Volume in bytes' },
  scope: {
    long: 'scope',
    type: 'string',
    default: 'single',
    help: 'Cluster Volume access scope ("single", "multi")',
  },
  secret: { long: 'secret', type: 'map', help: 'Cluster Volume secrets (default map[])' },
  sharing: {
    long: 'sharing',
    type: 'string',
    default: 'none',
    help: 'Cluster Volume access sharing ("none", "readonly", "onewriter", "all")',
  },
  topologyPreferred: {
    long: 'topology-preferred',
    type: 'list',
    help: 'A topology that the Cluster Volume would be preferred in',
  },
  topologyRequired: {
    long: 'topology-required',
    type: 'list',
    help: 'A topology that the Cluster Volume must be accessible from',
  },
  type: {
    long: 'type',
    type: 'string',
    default: 'block',
    help: 'Cluster Volume access type ("mount", "block")',
  },
} satisfies Record<string, FlagSpec>;

/** Docker's ClusterVolumeSpec, or undefined when no flag asks for such a volume. The engine decides whether it can. */
export function clusterSpec(flags: FlagValues): object | undefined {
  if (!Object.values(CLUSTER_FLAGS).some(({ long }) => flags.changed(long))) return undefined;
  const access = flags.string('type') === 'mount' ? { MountVolume: {} } : { BlockVolume: {} };
  const secrets = Object.entries(readPairs(flags.list('secret'))).map(([Key, Secret]) => ({ Key, Secret }));
  const topologies = (name: string) => flags.list(name).map((text) => ({ Segments: readPairs(text.split(',')) }));
  return {
    Group: flags.string('group'),
    AccessMode: { Scope: flags.string('scope'), Sharing: flags.string('sharing'), ...access },
    Availability: flags.string('availability'),
    CapacityRange: { RequiredBytes: flags.number('required-bytes'), LimitBytes: flags.number('limit-bytes') },
    Secrets: secrets.sort((a, b) => (a.Key < b.Key ? -1 : 1)),
    AccessibilityRequirements: {
      Requisite: topologies('topology-required'),
      Preferred: topologies('topology-preferred'),
    },
  };
}
