import type { DeviceRequest } from '@berth/contract';
import { readCdiSpecs } from '../../cdi/index.ts';
import type { EngineConfig } from '../../config.ts';
import { applyCdiDevices } from '../spec/cdi-edits.ts';
import { requestedDevices } from '../spec/device-requests.ts';
import type { RuntimeSpec } from '../spec/runtime-spec.ts';

/** Puts the devices of `--gpus` and CDI names into a configuration, by the specifications that are there now. */
export async function addRequestedDevices(
  config: Pick<EngineConfig, 'cdiSpecDirs'>,
  spec: RuntimeSpec,
  requests: readonly DeviceRequest[],
): Promise<void> {
  const registry = await readCdiSpecs(config.cdiSpecDirs);
  applyCdiDevices(spec, requestedDevices(requests, registry), registry);
}
