import type { Database } from '../state/database.ts';
import { BUILD, VERSION } from './build-info.ts';
import { diskUsage } from './disk-usage.ts';
import { readHost } from './host.ts';
import { engineId } from './identity.ts';
import { describeInfo } from './info.ts';
import type { Login, SystemSources } from './model.ts';
import { describeVersion } from './version.ts';

export { BUILD, VERSION } from './build-info.ts';
export type { ImageFigures, Login, ProgramFacts, SystemSources } from './model.ts';

/** What the engine says about itself and its host. Answers are Docker's wire types. */
export interface System {
  /** Persistent id of this engine. */
  readonly id: string;
  version(): object;
  info(): Promise<object>;
  /** Errors: invalid (unknown type). */
  diskUsage(types: readonly string[]): Promise<object>;
  login: Login;
  /** What metrics say of engine and host. */
  forMetrics(): { info: Record<string, string>; cpus: number; memory: number };
}

export function createSystem(db: Database, sources: SystemSources): System {
  const id = engineId(db);
  return {
    id,
    version: () => describeVersion(sources),
    info: () => describeInfo(sources, id),
    diskUsage: (types) => diskUsage(sources, types),
    login: sources.login,
    forMetrics: () => {
      const host = readHost();
      return {
        info: {
          ...{
            architecture: host.machine,
            commit: BUILD,
            daemon_id: id,
            graphdriver: 'overlay2',
            kernel: host.kernelVersion,
          },
          ...{ os: host.operatingSystem, os_type: 'linux', os_version: host.osVersion, version: VERSION },
        },
        cpus: host.cpus,
        memory: host.memoryBytes,
      };
    },
  };
}
