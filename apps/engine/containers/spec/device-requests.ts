import type { DeviceRequest } from '@berth/contract';
import { BerthError } from '@berth/kit';
import type { CdiRegistry } from '../../cdi/index.ts';

/** The class of devices that `--gpus` means: the one that vendors' tools write specifications of. */
const GPU = 'nvidia.com/gpu';

/**
 * The names of the devices that are asked for. Errors: invalid `could not select device driver "" with capabilities:
 * [[gpu]]` where no specification has such devices; `CDI device injection failed: unresolvable CDI devices …`;
 * not-supported for options of a driver, naming them.
 */
export function requestedDevices(requests: readonly DeviceRequest[], registry: CdiRegistry): string[] {
  const names = [...new Set(requests.flatMap((request) => namesOf(request, registry)))];
  const unknown = names.filter((name) => !registry.devices.has(name));
  if (unknown.length > 0) {
    throw new BerthError('invalid', `CDI device injection failed: unresolvable CDI devices ${unknown.join(', ')}`, {
      hint:
        registry.problems.length > 0
          ? `Not usable: ${registry.problems.join('; ')}`
          : 'No file in the directories of CDI specifications (info: CDISpecDirs) has them.',
    });
  }
  return names;
}

function namesOf(request: DeviceRequest, registry: CdiRegistry): string[] {
  const options = Object.keys(request.Options ?? {});
  if (options.length > 0) {
    throw new BerthError('not-supported', `options of a device request are not supported: ${options.join(', ')}`, {
      hint: 'What a device brings is decided by its CDI specification: change it there, or leave the options out.',
    });
  }
  const ids = request.DeviceIDs ?? [];
  if (request.Driver === 'cdi') return ids;
  const present = [...registry.devices.keys()].filter((name) => name.startsWith(`${GPU}=`));
  const isGpu = (request.Capabilities ?? []).some((all) => all.includes('gpu'));
  if (!isGpu || !['', 'nvidia'].includes(request.Driver) || present.length === 0) throw noDriver(request);
  if (ids.length > 0) {
    if (request.Count > 0) throw new BerthError('invalid', 'cannot set both Count and DeviceIDs on device request');
    return ids.map((id) => `${GPU}=${id}`);
  }
  const all = `${GPU}=all`;
  if (request.Count === -1) return registry.devices.has(all) ? [all] : present;
  return Array.from({ length: request.Count }, (_, index) => `${GPU}=${index}`);
}

/** Lists as Go prints them. */
function noDriver({ Driver, Capabilities }: DeviceRequest): BerthError {
  const capabilities = `[${(Capabilities ?? []).map((all) => `[${all.join(' ')}]`).join(' ')}]`;
  return new BerthError(
    'invalid',
    `could not select device driver "${Driver}" with capabilities: ${capabilities}`,
    Driver === '' || Driver === 'nvidia'
      ? { hint: `GPUs come by CDI specifications of ${GPU}: make one, for example with nvidia-ctk cdi generate.` }
      : {},
  );
}
