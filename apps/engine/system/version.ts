import { API_VERSION, MIN_API_VERSION } from '@berth/contract';
import { BUILD, BUILD_TIME, VERSION } from './build-info.ts';
import { readHost } from './host.ts';
import type { SystemSources } from './model.ts';

/** Answer of GET /version. `GoVersion` is where Docker tells its language runtime; ours is Node. */
export function describeVersion({
  runtimes,
  monitor,
  init,
}: Pick<SystemSources, 'runtimes' | 'monitor' | 'init'>): object {
  const { kernelVersion, architecture } = readHost();
  const engine = {
    ApiVersion: API_VERSION,
    MinAPIVersion: MIN_API_VERSION,
    GitCommit: BUILD,
    GoVersion: `node ${process.version}`,
    Os: 'linux',
    Arch: architecture,
    KernelVersion: kernelVersion,
    BuildTime: BUILD_TIME,
  };
  const programs = [...runtimes, monitor, ...(init === undefined ? [] : [init])];
  return {
    Platform: { Name: 'Berth' },
    Components: [
      { Name: 'Engine', Version: VERSION, Details: { ...engine, Experimental: 'false' } },
      ...programs.map(({ name, version, path }) => ({ Name: name, Version: version, Details: { Path: path } })),
    ],
    Version: VERSION,
    ...engine,
  };
}
