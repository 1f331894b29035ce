import type { HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';

/** Device mappings and rules, defaults filled in. Errors: invalid. */
export function checkDevices(host: HostConfig): void {
  for (const device of host.Devices ?? []) {
    device.PathInContainer ||= device.PathOnHost;
    device.CgroupPermissions ||= 'rwm';
    const { PathOnHost, PathInContainer, CgroupPermissions } = device;
    if (!PathOnHost.startsWith('/') || PathOnHost.includes('\0')) throw invalid(`invalid device path: ${PathOnHost}`);
    if (!PathInContainer.startsWith('/') || PathInContainer.includes('\0'))
      throw invalid(`invalid device path: ${PathInContainer}`);
    if (!/^[rwm]{1,3}$/.test(CgroupPermissions)) throw invalid(`invalid device mode: ${CgroupPermissions}`);
  }
  for (const rule of host.DeviceCgroupRules ?? []) {
    if (!/^[acb] (\d+|\*):(\d+|\*) [rwm]{1,3}$/.test(rule))
      throw invalid(`invalid device cgroup rule format: '${rule}'`);
  }
}

function invalid(message: string): BerthError {
  return new BerthError('invalid', message);
}
