import { parseSize } from '../../../flags/size.ts';

/** `--device-read-bps /dev/sda:1mb` */
export function readBytesRate(text: string): { Path: string; Rate: number } {
  const { path, value } = split(text);
  const bad = () =>
    new Error(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>[<unit>]. Number must be a positive integer. Unit is optional and can be kb, mb, or gb`,
    );
  try {
    return { Path: path, Rate: parseSize(value) };
  } catch {
    throw bad();
  }
}

/** `--device-read-iops /dev/sda:1000` */
export function readOperationsRate(text: string): { Path: string; Rate: number } {
  const { path, value } = split(text);
  if (!/^\d+$/.test(value))
    throw new Error(
      `invalid rate for device: ${text}. The correct format is <device-path>:<number>. Number must be a positive integer`,
    );
  return { Path: path, Rate: Number(value) };
}

/** `--blkio-weight-device /dev/sda:200` */
export function readWeight(text: string): { Path: string; Weight: number } {
  const { path, value } = split(text);
  const weight = Number(value);
  if (!/^\d+$/.test(value) || (weight > 0 && (weight < 10 || weight > 1000)))
    throw new Error(`invalid weight for device: ${text}`);
  return { Path: path, Weight: weight };
}

/** A flag's check from one of the readers above. */
export function checkedBy(read: (text: string) => object): (text: string) => string {
  return (text) => {
    read(text);
    return text;
  };
}

function split(text: string): { path: string; value: string } {
  const colon = text.indexOf(':');
  if (colon < 1) throw new Error(`bad format: ${text}`);
  const path = text.slice(0, colon);
  if (!path.startsWith('/dev/')) throw new Error(`bad format for device path: ${text}`);
  return { path, value: text.slice(colon + 1) };
}
