import { closeSync, fstatSync, openSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describeError, errnoOf } from '@berth/kit';
import { checkSpec } from './check.ts';
import type { CdiDevice, CdiSpec } from './model.ts';

const MAX_FILES = 256;
const MAX_BYTES = 4 * 1024 * 1024;

/** All devices that specifications on this host name, and what is wrong with the others. */
export interface CdiRegistry {
  /** By `vendor.com/class=name`. */
  devices: Map<string, { spec: CdiSpec; device: CdiDevice }>;
  /** A sentence for each file or device that cannot be used. */
  problems: string[];
}

/**
 * Reads the specifications in these directories as they are now. A device in a later directory takes the place of one
 * in an earlier; one that is in two files of the same directory is neither of them. Files that others than root can
 * write are not believed: what they say is done as root.
 */
export async function readCdiSpecs(directories: readonly string[]): Promise<CdiRegistry> {
  const registry: CdiRegistry = { devices: new Map(), problems: [] };
  for (const directory of directories) {
    const here = new Map<string, string>();
    for (const file of specFiles(directory, registry.problems)) {
      let spec: CdiSpec;
      try {
        spec = checkSpec(await parseFile(file));
      } catch (error) {
        registry.problems.push(`${file}: ${describeError(error)}`);
        continue;
      }
      for (const device of spec.devices) {
        const name = `${spec.kind}=${device.name}`;
        const other = here.get(name);
        if (other === undefined) registry.devices.set(name, { spec, device });
        else {
          registry.devices.delete(name);
          registry.problems.push(`${name} is both in ${other} and in ${file}`);
        }
        here.set(name, file);
      }
    }
  }
  return registry;
}

function specFiles(directory: string, problems: string[]): string[] {
  if (directory === '') return [];
  try {
    const names = readdirSync(directory).filter((name) => /\.(json|ya?ml)$/.test(name));
    if (names.length > MAX_FILES)
      problems.push(`${directory}: of more than ${MAX_FILES} files only the first are read`);
    return names
      .sort()
      .slice(0, MAX_FILES)
      .map((name) => join(directory, name));
  } catch (error) {
    if (errnoOf(error) !== 'ENOENT') problems.push(`${directory}: ${describeError(error)}`);
    return [];
  }
}

async function parseFile(file: string): Promise<unknown> {
  const text = readTrusted(file);
  if (file.endsWith('.json')) return JSON.parse(text);
  const { parse } = await import('yaml');
  // Aliases are bounded, so that a small file cannot become a large value.
  return parse(text, { maxAliasCount: 100 });
}

function readTrusted(file: string): string {
  const fd = openSync(file, 'r');
  try {
    const stat = fstatSync(fd);
    if (!stat.isFile()) throw new Error('not a file');
    if (stat.uid !== 0 || (stat.mode & 0o022) !== 0) throw new Error('others than root can write it');
    if (stat.size > MAX_BYTES) throw new Error(`larger than ${MAX_BYTES} bytes`);
    return readFileSync(fd, 'utf8');
  } finally {
    closeSync(fd);
  }
}
