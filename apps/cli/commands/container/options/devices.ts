import type { DeviceMapping } from '@berth/contract';
import { CliError } from '../../../cli-error.ts';

/** A name of the Container Device Interface: `vendor.com/class=device`. */
const CDI =
  /^[A-Za-z][A-Za-z0-9_.-]*[A-Za-z0-9]\/[A-Za-z](?:[A-Za-z0-9_-]*[A-Za-z0-9])?=[A-Za-z0-9](?:[A-Za-z0-9_.:-]*[A-Za-z0-9])?$/;

/** Splits `--device` values into paths and CDI names. */
export function readDevices(texts: readonly string[]): { devices: DeviceMapping[]; cdi: string[] } {
  return {
    devices: texts.filter((text) => !CDI.test(text)).map(readDevice),
    cdi: texts.filter((text) => CDI.test(text)),
  };
}

const isMode = (text: string) => /^[rwm]{1,3}$/.test(text) && new Set(text).size === text.length;

/** `/dev/x[:/dev/inside][:rwm]` */
function readDevice(text: string): DeviceMapping {
  const parts = text.split(':');
  if (parts.length > 3 || parts.some((part) => part === '')) throw new CliError(`bad format for path: ${text}`);
  const [host = '', second, third] = parts;
  const shortMode = parts.length === 2 && second !== undefined && isMode(second);
  const inside = second === undefined || shortMode ? host : second;
  const mode = shortMode ? second : (third ?? 'rwm');
  if (!isMode(mode)) throw new CliError(`bad mode specified: ${mode}`);
  if (!inside.startsWith('/')) throw new CliError(`${inside} is not an absolute path`);
  return { PathOnHost: host, PathInContainer: inside, CgroupPermissions: mode };
}
