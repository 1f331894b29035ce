import { readFileSync, statfsSync } from 'node:fs';
import os from 'node:os';
import { errnoOf } from '@berth/kit';

/** Facts about this machine, in the forms that Docker's `info` has. */
export interface HostFacts {
  kernelVersion: string;
  /** `uname -m`. */
  machine: string;
  /** As Go names it: `amd64`. */
  architecture: string;
  /** PRETTY_NAME of os-release. */
  operatingSystem: string;
  osVersion: string;
  hostname: string;
  cpus: number;
  memoryBytes: number;
}

const GO_ARCHITECTURES: Readonly<Record<string, string>> = {
  x64: 'amd64',
  ia32: '386',
  arm64: 'arm64',
  riscv64: 'riscv64',
  ppc64: 'ppc64le',
  s390x: 's390x',
};

export function readHost(): HostFacts {
  const release = readOsRelease();
  return {
    kernelVersion: os.release(),
    machine: os.machine(),
    architecture: GO_ARCHITECTURES[process.arch] ?? process.arch,
    operatingSystem: release.get('PRETTY_NAME') ?? release.get('NAME') ?? 'Linux',
    osVersion: release.get('VERSION_ID') ?? '',
    hostname: os.hostname(),
    cpus: os.availableParallelism(),
    memoryBytes: os.totalmem(),
  };
}

function readOsRelease(): Map<string, string> {
  for (const file of ['/etc/os-release', '/usr/lib/os-release']) {
    const text = readOptional(file);
    if (text !== undefined) return parseOsRelease(text);
  }
  return new Map();
}

/** os-release(5): `NAME=value` lines, values perhaps in quotes. */
export function parseOsRelease(text: string): Map<string, string> {
  const fields = [...text.matchAll(/^([A-Z0-9_]+)=(.*)$/gm)];
  return new Map(
    fields.map(([, name, value]) => [
      name!,
      value!
        .trim()
        .replace(/^(['"])(.*)\1$/, '$2')
        .replace(/\\(.)/g, '$1'),
    ]),
  );
}

/** Names as Docker's storage drivers give them, by the magic number of statfs(2). */
const FILE_SYSTEMS: Readonly<Record<number, string>> = {
  [0xef53]: 'extfs',
  [0x58465342]: 'xfs',
  [0x9123683e]: 'btrfs',
  [0x01021994]: 'tmpfs',
  [0x794c7630]: 'overlayfs',
  [0x2fc12fc1]: 'zfs',
  [0xf2f52010]: 'f2fs',
};

/** Name of the file system that a directory lies on. */
export function fileSystemOf(directory: string): string {
  const magic = statfsSync(directory).type;
  return FILE_SYSTEMS[magic] ?? `0x${magic.toString(16)}`;
}

/** A small file's text, or undefined when it does not exist. */
export function readOptional(file: string): string | undefined {
  try {
    return readFileSync(file, 'utf8');
  } catch (error) {
    if (errnoOf(error) === 'ENOENT') return undefined;
    throw error;
  }
}
