import { lstatSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import type { HostConfig } from '@berth/contract';
import { BerthError } from '@berth/kit';
import type { DeviceRule, RuntimeDevice } from './runtime-spec.ts';

/** Docker's default rules: no device but making nodes, the standard ones, and terminals. */
const DEFAULT_RULES: DeviceRule[] = [
  { allow: false, access: 'rwm' },
  { allow: true, type: 'c', access: 'm' },
  { allow: true, type: 'b', access: 'm' },
  ...[
    [1, 3],
    [1, 5],
    [1, 7],
    [1, 8],
    [1, 9],
    [5, 0],
    [5, 1],
    [5, 2],
  ].map(([major, minor]) => ({ allow: true, type: 'c', major, minor, access: 'rwm' })),
  { allow: true, type: 'c', major: 136, access: 'rwm' },
];

/**
 * Device nodes and access rules of a container. Errors: invalid `error gathering device information while adding custom
 * device "X": no such file or directory`, `invalid device cgroup rule: 'X'`.
 */
export function resolveDevices(hostConfig: HostConfig): { nodes: RuntimeDevice[]; rules: DeviceRule[] } {
  if (hostConfig.Privileged) return { nodes: privilegedDevices(hostConfig), rules: [{ allow: true, access: 'rwm' }] };
  const nodes: RuntimeDevice[] = [];
  const rules = [...DEFAULT_RULES];
  for (const { PathOnHost, PathInContainer, CgroupPermissions } of hostConfig.Devices ?? []) {
    for (const node of mappedDevices(PathOnHost, PathInContainer || PathOnHost)) {
      nodes.push(node);
      rules.push({
        allow: true,
        type: node.type,
        major: node.major,
        minor: node.minor,
        access: CgroupPermissions || 'rwm',
      });
    }
  }
  for (const rule of hostConfig.DeviceCgroupRules ?? []) rules.push(parseRule(rule));
  return { nodes, rules };
}

function mappedDevices(onHost: string, inContainer: string): RuntimeDevice[] {
  let stat: ReturnType<typeof statSync>;
  try {
    stat = statSync(onHost);
  } catch (cause) {
    throw new BerthError(
      'invalid',
      `error gathering device information while adding custom device "${onHost}": no such file or directory`,
      { cause },
    );
  }
  if (stat.isDirectory()) {
    const nodes = devicesBelow(onHost, inContainer);
    if (nodes.length === 0) throw notADevice(onHost);
    return nodes;
  }
  const node = deviceOf(stat, inContainer);
  if (!node) throw notADevice(onHost);
  return [node];
}

function notADevice(path: string): BerthError {
  return new BerthError(
    'invalid',
    `error gathering device information while adding custom device "${path}": not a device node`,
  );
}

/** Everything that the host has, and what is to be somewhere else in the container besides. */
function privilegedDevices({ Devices }: HostConfig): RuntimeDevice[] {
  const moved = (Devices ?? []).filter(({ PathOnHost, PathInContainer }) => PathOnHost !== PathInContainer);
  const nodes = moved.flatMap(({ PathOnHost, PathInContainer }) => mappedDevices(PathOnHost, PathInContainer));
  return [...devicesBelow('/dev', '/dev'), ...nodes];
}

/** What every container gets of its own, and what is no device. */
const OWN = new Set(['pts', 'shm', 'mqueue', 'fd', 'console', 'ptmx', '.lxc', '.lxd-mounts', '.udev']);

/** All devices in a directory of the host and below it; links are not followed. */
function devicesBelow(directory: string, inContainer: string): RuntimeDevice[] {
  return readdirSync(directory).flatMap((name) => {
    if (OWN.has(name)) return [];
    const [path, inside] = [join(directory, name), join(inContainer, name)];
    const stat = lstatSync(path);
    if (stat.isDirectory()) return devicesBelow(path, inside);
    const node = deviceOf(stat, inside);
    return node ? [node] : [];
  });
}

function deviceOf(
  stat: {
    rdev: number;
    mode: number;
    uid: number;
    gid: number;
    isCharacterDevice(): boolean;
    isBlockDevice(): boolean;
  },
  path: string,
): RuntimeDevice | undefined {
  const type = stat.isCharacterDevice() ? 'c' : stat.isBlockDevice() ? 'b' : undefined;
  if (!type) return undefined;
  return { path, type, ...deviceNumber(stat.rdev), fileMode: stat.mode & 0o777, uid: stat.uid, gid: stat.gid };
}

/** Major and minor number as glibc packs them into dev_t (makedev(3)). */
export function deviceNumber(rdev: number): { major: number; minor: number } {
  const bits = BigInt(rdev);
  const major = Number(((bits >> 8n) & 0xfffn) | ((bits >> 32n) & ~0xfffn & 0xffffffffn));
  const minor = Number((bits & 0xffn) | ((bits >> 12n) & ~0xffn & 0xffffffffn));
  return { major, minor };
}

function parseRule(rule: string): DeviceRule {
  const match = /^([acb]) (\d+|\*):(\d+|\*) ([rwm]{1,3})$/.exec(rule);
  if (!match) throw new BerthError('invalid', `invalid device cgroup rule: '${rule}'`);
  const [, type, major, minor, access] = match;
  return {
    allow: true,
    type: type!,
    ...(major === '*' ? {} : { major: Number(major) }),
    ...(minor === '*' ? {} : { minor: Number(minor) }),
    access: access!,
  };
}
