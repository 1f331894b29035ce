import { closeSync, existsSync, mkdirSync, readdirSync, readlinkSync, rmdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { BerthError, errnoOf } from '@berth/kit';
import type { EngineConfig } from '../../config.ts';
import { ensureDirectoryInRoot, ensureFileInRoot } from '../../linux/make-in-root.ts';
import { MS, mount, unmount } from '../../linux/mount.ts';
import { O, openInRoot } from '../../linux/open-in-root.ts';
import { stageOf } from '../context.ts';
import { removePlace } from '../mounts/sources.ts';
import type { OciRuntime } from '../runtime/oci-runtime.ts';
import type { RuntimeMount } from '../spec/runtime-spec.ts';

/** Mounts for the runtime, and how to let go of what was staged for them once the container is created. */
export interface StagedMounts {
  mounts: RuntimeMount[];
  dismantle(): void;
}

/** True for runc below 1.1.14: it looks at the destination of a mount and then makes it by its name (CVE-2024-45310). */
export function needsStaging({ fifo, version }: OciRuntime): boolean {
  const [, major, minor, patch] = /^(\d+)\.(\d+)\.(\d+)/.exec(version) ?? [];
  if (fifo !== 'runc') return false;
  const number = Number(major) * 1e6 + Number(minor) * 1e3 + Number(patch);
  return !(number >= 1_001_014);
}

/**
 * Puts mounts whose destination lies below a directory of the host together before the runtime sees them, so that it
 * mounts the directory with all that belongs into it at once. Whoever shares that directory could otherwise exchange
 * the destination for a link and have the runtime make files where it leads. Here every step is the kernel's own
 * (RESOLVE_IN_ROOT). Errors: invalid, where a destination cannot be made.
 */
export function stageNestedMounts(
  config: EngineConfig,
  rootfs: string,
  id: string,
  mounts: RuntimeMount[],
): StagedMounts {
  const stages: string[] = [];
  const dismantle = () => {
    for (const stage of stages.splice(0)) removeStage(stage);
  };
  const places = mounts.map(({ destination }) => resolveIn(rootfs, destination));
  const parentOf = mounts.map((_, index) => findParent(mounts, places, index));
  try {
    const staged = mounts.flatMap((parent, index) => {
      if (parentOf[index] !== undefined) return [];
      const children = mounts.map((_, n) => n).filter((n) => parentOf[n] === index);
      if (children.length === 0) return [parent];
      const stage = join(stageOf(config), `${id}-${stages.length}`);
      mkdirSync(stage, { recursive: true, mode: 0o700 });
      stages.push(stage);
      mountBind(parent, stage);
      mount('', stage, null, MS.PRIVATE | MS.REC, null);
      for (const n of children) mountChild(stage, places[n]!.slice(places[index]!.length), mounts[n]!);
      const access = parent.options?.includes('ro') ? ['ro'] : [];
      return [{ ...parent, source: stage, options: ['rbind', ...access, 'rprivate'] }];
    });
    return { mounts: staged, dismantle };
  } catch (error) {
    dismantle();
    throw error;
  }
}

/** Takes away what an engine that was killed in the middle left staged. Never removes files: only mounts and their places. */
export function clearStages(config: EngineConfig): void {
  const directory = stageOf(config);
  if (!existsSync(directory)) return;
  for (const name of readdirSync(directory)) removePlace(join(directory, name));
}

function removeStage(stage: string): void {
  try {
    unmount(stage, { lazy: true });
  } catch (error) {
    if (errnoOf(error) !== 'EINVAL') throw error; // not mounted yet
  }
  rmdirSync(stage);
}

/** The outermost bind mount of a directory that an earlier wish puts above this one. */
function findParent(mounts: RuntimeMount[], places: string[], index: number): number | undefined {
  const parent = mounts.findIndex(
    (mount, n) => n < index && places[index]!.startsWith(`${places[n]}/`) && isSharedDirectory(mount),
  );
  return parent < 0 ? undefined : parent;
}

/** Mounts that are to be passed on to the host and back cannot be put together apart from it. */
function isSharedDirectory({ type, source, options = [] }: RuntimeMount): boolean {
  if (options.some((option) => /shared|slave/.test(option))) return false;
  return type === 'bind' && statSync(source, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** Where a path of the container leads by the links of its root, as far as it is there. */
function resolveIn(rootfs: string, path: string): string {
  for (let end = path.length; end > 0; end = path.lastIndexOf('/', end - 1)) {
    let fd: number;
    try {
      fd = openInRoot(rootfs, path.slice(0, end), O.PATH);
    } catch {
      continue; // not there: its parent may be
    }
    try {
      return readlinkSync(`/proc/self/fd/${fd}`).slice(rootfs.length) + path.slice(end);
    } finally {
      closeSync(fd);
    }
  }
  return path;
}

function mountChild(stage: string, path: string, child: RuntimeMount): void {
  try {
    const isDirectory = child.type !== 'bind' || statSync(child.source).isDirectory();
    if (isDirectory) ensureDirectoryInRoot(stage, path, 0o755);
    else ensureFileInRoot(stage, path, 0o755);
    withPlace(stage, path, (place) => {
      if (child.type === 'bind') mountBind(child, place);
      else mountOther(child, place);
    });
    withPlace(stage, path, (place) => finish(child, place));
  } catch (cause) {
    throw new BerthError('invalid', `cannot mount "${child.destination}": ${errnoOf(cause) ?? String(cause)}`, {
      cause,
    });
  }
}

/** Hands a path on that means what `path` means now, whatever becomes of its name. */
function withPlace(stage: string, path: string, use: (place: string) => void): void {
  const fd = openInRoot(stage, path, O.PATH);
  try {
    use(`/proc/self/fd/${fd}`);
  } finally {
    closeSync(fd);
  }
}

function mountBind({ source, options = [] }: RuntimeMount, place: string): void {
  mount(source, place, null, MS.BIND | (options.includes('rbind') ? MS.REC : 0), null);
}

const FLAGS: Record<string, number> = { ro: MS.RDONLY, nosuid: MS.NOSUID, nodev: MS.NODEV, noexec: MS.NOEXEC };

function mountOther({ source, type, options = [] }: RuntimeMount, place: string): void {
  const data = options.filter((option) => option.includes('=')).join(',');
  mount(source, place, type, flagsOf(options), data);
}

/** What a mount takes only after it was made. `place` is its root. */
function finish({ type, options = [] }: RuntimeMount, place: string): void {
  mount('', place, null, MS.PRIVATE | MS.REC, null);
  const flags = flagsOf(options);
  if (type === 'bind' && flags !== 0) mount('', place, null, MS.REMOUNT | MS.BIND | flags, null);
}

function flagsOf(options: string[]): number {
  return options.reduce((flags, option) => flags | (FLAGS[option] ?? 0), 0);
}
