import { isBerthError } from '@berth/kit';
import { type Context, pathsOf } from './context.ts';
import type { ContainerRecord } from './model.ts';
import { checkSecurityOptions } from './parse/parse-create-security.ts';
import { defaultRuntimeName } from './runtime/select.ts';
import type { ContainerService } from './service.ts';
import { inspectNetwork } from './show/inspect-network.ts';
import { inspectState } from './show/inspect-state.ts';
import { timeText } from './show/inspect-time.ts';
import { writableSize } from './show/size.ts';
import { commandOf, staticSummary } from './show/summary.ts';

/** Docker's ContainerInspect (API 1.50). Errors: not-found, invalid (ambiguous prefix). */
export const inspect =
  (context: Context): ContainerService['inspect'] =>
  async (name, { size }) => {
    const record = context.store.resolve(name);
    const { spec } = record;
    const paths = pathsOf(context.config, record.id);
    const [Path = '', ...Args] = commandOf(record);
    const execs = context.execs.idsOf(record.id);
    return {
      Id: record.id,
      Created: timeText(record.createdAt),
      Path,
      Args,
      State: inspectState(record.state, context.health.of(record.id)),
      Image: record.imageId,
      ResolvConfPath: paths.resolvConf,
      HostnamePath: paths.hostname,
      HostsPath: paths.hosts,
      LogPath: spec.hostConfig.LogConfig.Type === 'json-file' ? paths.logFile : '',
      Name: `/${record.name}`,
      RestartCount: record.restartCount,
      Driver: 'overlay2',
      Platform: 'linux',
      MountLabel: '',
      ProcessLabel: '',
      AppArmorProfile: checkSecurityOptions(spec.hostConfig.SecurityOpt ?? [], true).apparmor ?? '',
      ExecIDs: execs.length > 0 ? execs : null,
      HostConfig: { ...spec.hostConfig, Runtime: spec.hostConfig.Runtime || defaultRuntimeName(context) },
      GraphDriver: {
        Name: 'overlay2',
        Data: {
          ID: record.id,
          LowerDir: lowerDirectories(context, record),
          MergedDir: paths.rootfs,
          UpperDir: paths.upper,
          WorkDir: paths.work,
        },
      },
      ...(size && (await sizes(context, record))),
      Mounts: staticSummary(record, context.volumes).Mounts,
      Config: spec.config,
      NetworkSettings: inspectNetwork(record),
    };
  };

async function sizes(context: Context, record: ContainerRecord): Promise<{ SizeRw: number; SizeRootFs: number }> {
  const SizeRw = await writableSize(context.config, record.id);
  const image = ofImage(() => context.images.resolve(record.imageId).size);
  return { SizeRw, SizeRootFs: SizeRw + (image ?? 0) };
}

function lowerDirectories({ images }: Context, { imageId }: ContainerRecord): string {
  return ofImage(() => images.layerDirectories(imageId).join(':')) ?? '';
}

/** Something about the container's image, which may have been removed by force. */
function ofImage<T>(ask: () => T): T | undefined {
  try {
    return ask();
  } catch (error) {
    if (isBerthError(error, 'not-found')) return undefined;
    throw error;
  }
}
